"""The benchmark at small sizes, its fit, and two benchmarks beside each other."""

import json

import pytest

from scbsim.benchmark import measure as measuring
from scbsim.benchmark import report
from scbsim.benchmark.cases import PARTS, case_of
from scbsim.benchmark.fit import fitted
from scbsim.benchmark.measure import Benchmark, measure, threads_to_time
from scbsim.benchmark.rows import Row
from scbsim.benchmark.steps import Timed, timed
from scbsim.benchmark.timing import best_in, best_of
from scbsim.errors import InputError, OutputError
from scbsim.estimates.work import Work


def made_up(kind, terms, rates, threads=1):
    seconds = sum(rates.get(name, 0.0) * count for name, count in terms.items())
    return Timed(case_of("sparse", 3, 50), threads, Work(kind, terms), seconds, 3, 50, 1)


def test_a_fit_finds_the_rates_that_steps_were_made_with():
    rates = {"step": 1e-6, "entries": 2e-9, "threads": 3e-5}
    steps = [
        made_up("dense", {"step": 1.0, "entries": n / t, "threads": float(t > 1)}, rates, t)
        for n in (1e2, 1e4, 1e6)
        for t in (1, 2)
    ]
    assert fitted(steps)["dense"] == pytest.approx(rates)


def test_what_entries_take_is_the_same_under_any_noise():
    steps = [
        made_up("sparse", {"step": 1.0, "activations": n}, {"step": 1e-6, "activations": 1e-8})
        for n in (0.0, 100.0)
    ]
    steps += [made_up("sparse matched", {"step": 1.0, "activations": 0.0}, {"step": 5e-6})]
    found = fitted(steps)
    assert found["sparse matched"] == pytest.approx({"step": 5e-6, "activations": 1e-8})


def test_the_best_of_rounds_is_that_of_a_step():
    now, calls = [0.0], []

    def take(count):
        calls.append(count)
        now[0] += 0.001 * count + (0.5 if len(calls) == 3 else 0.0)

    assert best_in(take, 0.1, clock=lambda: now[0]) == pytest.approx(0.001)
    assert best_of(lambda: take(2), clock=lambda: now[0]) == pytest.approx(0.002)


def test_a_step_is_timed_and_has_the_work_of_its_plan():
    (found,) = timed(case_of("collapsed", 3, 50, rule="sgd"), [1, 2], 0.001)
    assert found.work == Work("collapsed", {"step": 1.0, "columns": 3.0})
    assert 1e-8 < found.seconds < 1e-3


def test_powers_of_two_up_to_all_threads():
    assert threads_to_time(1) == [1]
    assert threads_to_time(12) == [1, 2, 4, 8, 12]


@pytest.fixture
def quick(monkeypatch):
    """A benchmark of few parts."""
    cases = {"without entries": lambda _: [case_of("collapsed", 3, 50, rule="sgd")]}
    monkeypatch.setattr(measuring, "PARTS", cases)
    monkeypatch.setattr(measuring, "_files", lambda *_: None)
    monkeypatch.setattr(measuring, "token_rows", lambda *_, **__: [])
    return Benchmark([1], small=True)


def test_an_interrupt_leaves_what_was_measured(quick):
    def tell(part):
        if part.startswith("steps"):
            raise KeyboardInterrupt

    found = measure(quick, tell)
    assert not found.complete
    assert [row.name for row in found.rows][:2] == ["memory, read and written", "words, 32 bits"]
    assert "interrupted" in found.notes[-1]
    assert report.as_json(found)["rates"] is None


def test_a_busy_machine_is_said_and_its_threads_not_believed(quick):
    found = measure(quick)
    assert found.complete
    several = found.steps[0]._replace(threads=2)
    found.steps.append(several._replace(work=Work("collapsed", {"threads": 1.0})))
    found.share = 1.0
    assert "threads" in found.rates.seconds["collapsed"]
    found.share = 0.5
    assert "threads" not in found.rates.seconds["collapsed"]
    assert any("50% of the core" in note for note in found.notes)


def test_ratios_say_how_many_times_as_fast_it_is_here():
    here = [
        Row("a", "", 1, 2.0, "us a step"),
        Row("b", "", 1, 9.0, "GB/s"),
        Row("c", "", 1, 1, "s"),
    ]
    there = [Row("a", "", 1, 6.0, "us a step"), Row("b", "", 1, 3.0, "GB/s")]
    assert report.ratios(here, there) == {("a", "", 1): 3.0, ("b", "", 1): 3.0}
    assert report.differences({"cpu": "x", "cores": 2}, {"cpu": "y", "cores": 2}) == [
        "cpu: y there, x here"
    ]


def test_the_fastest_peer_counts():
    row = Row("a", "", 1, 2.0, "ns", peers={"numpy": 8.0, "torch": 5.0})
    assert row.times_the_best_peer == 2.5
    assert Row("a", "", 1, 2.0, "ns").times_the_best_peer is None


def test_what_is_no_benchmark_is_refused(tmp_path):
    with pytest.raises(OutputError, match="cannot be read"):
        report.read(tmp_path / "none.json")
    for text in ("[]", "{", '{"format": "other"}'):
        (tmp_path / "some.json").write_text(text)
        with pytest.raises(InputError, match="is no benchmark"):
            report.read(tmp_path / "some.json")
    (tmp_path / "some.json").write_text(json.dumps({"format": report.FORMAT}))
    with pytest.raises(InputError, match="damaged benchmark"):
        report.read(tmp_path / "some.json")


def test_a_written_benchmark_reads_back(quick, tmp_path):
    found = measure(quick)
    report.write(found, tmp_path / "b.json")
    settings, rows = report.read(tmp_path / "b.json")
    assert rows == found.rows
    assert settings == json.loads(json.dumps(found.settings))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::scbsim.errors.TaskWarning")
@pytest.mark.parametrize("small", [True, False])
def test_every_kind_of_step_has_cases(small):
    """Of every engine: a kind without a rate would be estimated by another's."""
    engines = {case.spec.dynamics.engine for cases in PARTS.values() for case in cases(small)}
    assert engines == {
        *("dense", "sparse", "collapsed", "population", "columns", "approximate"),
        *("sampled", "batch", "softmax"),
    }
