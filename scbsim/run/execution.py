"""The steps of a run: plan, build, loop, close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypedDict

from scbsim.engines.plan import Choice, RunPlan
from scbsim.engines.random_stream import StreamStart
from scbsim.engines.select import choice_of_state, plan_of
from scbsim.errors import RunWarning, warn_caller
from scbsim.kernels.compile.threads import most_threads
from scbsim.run.ensemble import Ensemble, built_ensemble, threads_for
from scbsim.run.forms import forms_of
from scbsim.run.loop import Loop, OutputSession
from scbsim.run.observing import ObservableFailed, Observing
from scbsim.run.on_block import BlockCalls, OnBlock
from scbsim.run.own_functions import Observe, own_functions, require_same
from scbsim.run.progress import Progress
from scbsim.run.provenance import provenance, sources_of_rules
from scbsim.run.recorders import MemoryRecorder, Recorder
from scbsim.run.source import opened_source, require_takes
from scbsim.run.start import (
    engine_of_start,
    require_known_truth,
    start_from,
    stream_of,
    task_of,
)
from scbsim.sampling.batches import Batches
from scbsim.spec import RunSpec
from scbsim.spec.rules import short_name
from scbsim.task import Task
from scbsim.trajectory.header import RunHeader


class RunOptions(TypedDict, total=False):
    """Keyword arguments of :func:`scbsim.simulate` that do not concern the output."""

    progress: bool
    threads: int | None
    stop: Callable[[], bool] | None
    on_block: OnBlock | None
    observe: Observe | None
    batches: Batches | None


class Execution:
    """A run in this process; a run over MPI ranks overrides the steps.

    ``session`` is that of the output file, or None for a run in memory. The other parameters are as
    in :func:`scbsim.simulate`.
    """

    def __init__(
        self,
        spec: RunSpec,
        session: OutputSession | None = None,
        *,
        task: Task | None = None,
        progress: bool = False,
        threads: int | None = None,
        stop: Callable[[], bool] | None = None,
        on_block: OnBlock | None = None,
        observe: Observe | None = None,
        batches: Batches | None = None,
    ) -> None:
        require_takes(spec, batches)
        self.spec, self.session, self.point = spec, session, session.point if session else None
        self.given, self.progress, self.threads, self.stop = task, progress, threads, stop
        self.on_block, self.observe, self.batches = on_block, observe, batches
        self.facts: dict[str, Any] = {}  # entries of the provenance that not all runs have
        self.agree: Callable[[int], int] = int

    def run(self) -> tuple[Recorder, str]:
        """Run to the end; return the recorder and the status."""
        observing = self._observing()
        handed = self.batches is not None or self.spec.data.from_ is not None
        task = self._task()
        require_known_truth(self.spec, task, handed)
        plan = replace(self._plan(task), handed=handed)
        stream = self.point.stream if self.point else self._new_stream()
        label, total = self._label(plan), self.spec.total_steps
        shown = Progress(total, quiet=not self.progress, kernels=self._kernels(plan))
        with shown.preparing(label), self._build(plan, stream) as ensemble:
            if observing is not None and not (self.session and self.session.position):
                observing.start([each.engine for each in ensemble.replicas])
            recorder = self._recorder(plan, stream, ensemble, observing)
            with _closing(recorder, shown) as outcome:
                shown.start(label)
                calls = BlockCalls(shown.update, self.on_block)
                outcome.status = Loop(
                    ensemble,
                    self.spec.output,
                    recorder,
                    self.session,
                    stop=self._stopping(calls),
                    on_block=calls,
                    agree=self.agree,
                    observing=observing,
                ).run()
        if self.session and outcome.status in ("complete", "diverged"):
            self.session.tidy()
        return recorder, outcome.status

    def _observing(self) -> Observing | None:
        """Load a user's functions; return what calls them, or None if there are none."""
        functions = own_functions(self.spec, self.observe)
        there = self.point.observed if self.point else ()
        path = self.session.path if self.session else None
        if path and self.point:
            failed = self.point.failed_observable
            if require_same(path, functions, there, failed):
                step = self.point.position.step if self.point.position else 0
                warn_caller(
                    f"{path}: observables of one's own have another text than before {failed}, "
                    f"where the run failed. Values after step {step} are of the new one; the file "
                    "has both",
                    RunWarning,
                )
        if not functions:
            return None
        return Observing(functions, {each.name: each.shape for each in there}, path)

    def _stopping(self, calls: BlockCalls) -> Callable[[], bool]:
        """Return a function that says whether the run is to end early."""
        stop = self.stop or (lambda: False)
        return lambda: calls.stop or stop()

    def _task(self) -> Task:
        """Return the task: that of the output, the one given, or that of the spec."""
        task = task_of(self.spec, self.point.task if self.point and self.point.task else self.given)
        if self.session and self.point:
            self.point.require_task(self.session.path, task)
        return task

    def _plan(self, task: Task) -> RunPlan:
        """Return the plan, with the engine that the run began with or that the spec asks for."""
        spec, point = self.spec, self.point
        if point and point.engine:
            choice = Choice(point.engine, "as the run began", point.matrix_V)
            return plan_of(spec, task, choice=choice)
        if point and point.position:
            return plan_of(spec, task, choice=choice_of_state(point.position.any_state))
        return plan_of(spec, task, start=engine_of_start(spec))

    def _new_stream(self) -> StreamStart:
        return stream_of(self.spec)

    def _label(self, plan: RunPlan) -> str:
        """Return the progress-bar label."""
        R, task = self.spec.dynamics.replicas, plan.task
        rule = short_name(plan.stages[0].rule)
        return f"N={task.N} T={task.T:g} {rule}{f' x{R}' if R > 1 else ''}"

    def _kernels(self, plan: RunPlan) -> tuple[str, ...]:
        return plan.kernels

    @contextmanager
    def _build(self, plan: RunPlan, stream: StreamStart) -> Iterator[Ensemble]:
        """Build the replicas at their first state; the threads exist until the context ends."""
        threads = threads_for(self.threads, plan)
        hands = most_threads(self.threads)
        level = self.spec.output.normalize_level
        with built_ensemble(plan, level, threads, stream, hands) as ensemble:
            if path := self._start_file():
                start_from(path, ensemble, plan.task)
            step = self.point.position.step if self.point and self.point.position else 0
            with opened_source(self.spec, plan.task, self.batches, step) as source:
                if source is not None:
                    from scbsim.engines.batch import BatchEngine

                    (single,) = ensemble.replicas
                    assert isinstance(single.engine, BatchEngine)
                    single.engine.learn_from(source)
                    self.facts |= source.facts()
                yield ensemble

    def _start_file(self) -> str | None:
        """Return the file of the run whose last state this run starts from, or None."""
        return None if self.point and self.point.position else self.spec.init.from_

    def _recorder(
        self, plan: RunPlan, stream: StreamStart, ensemble: Ensemble, observing: Observing | None
    ) -> Recorder:
        source = "given" if self.given else "read" if self.spec.task.from_ else "drawn"
        made = provenance(plan.choice, ensemble.threads, source)
        made |= {**sources_of_rules(plan.spec), **self.facts}
        header = RunHeader(
            plan,
            made,
            observed=() if observing is None else observing.described,
            **(self.point.carried() if self.point else {"stream": stream}),
        )
        if self.session is None:
            return MemoryRecorder(header)
        if self.point is None:
            self._warn_of_space(plan)
        return self.session.recorder(header, *forms_of(ensemble.replicas[0].engine))

    def _warn_of_space(self, plan: RunPlan) -> None:
        """Warn if the disk has less free space than the run will need."""
        from scbsim.storage.needed import warn_of_space

        assert self.session is not None
        warn_of_space(plan, self.session.path)


class _Outcome:
    status = "failed"


@contextmanager
def _closing(recorder: Recorder, shown: Progress) -> Iterator[_Outcome]:
    """Close the progress and then the recorder at the end of a run, whatever ends it."""
    outcome = _Outcome()
    try:
        try:
            yield outcome
        except ObservableFailed as error:
            recorder.observable_failed(error.what)
            raise
        except KeyboardInterrupt:
            outcome.status = "stopped"
            raise
        finally:
            shown.close(outcome.status)
    finally:
        recorder.close(outcome.status)
