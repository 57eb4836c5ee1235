"""The functions of a user's own observables: loading them, and whether a run still has its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from scbsim.errors import Fault, InputError, OutputError, SpecError
from scbsim.observables import fault_of_name
from scbsim.spec import RunSpec
from scbsim.trajectory.own_observables import STEP, OwnObservable, settings_of
from scbsim.util.arguments import switch
from scbsim.util.text import counted, show
from scbsim.util.user_code import UserFunction, given_function, load_function, name_in

if TYPE_CHECKING:
    from scbsim.run.state_view import StateView

Observe: TypeAlias = "Mapping[str, Callable[[StateView], Any]]"
"""Functions by the names of their observables."""


class OwnFunction(NamedTuple):
    """A function, and what is known of its values before it is called."""

    name: str
    user: UserFunction
    every: int
    along: str

    def described(self, shape: tuple[int, ...]) -> OwnObservable:
        """Return the description for files, given the shape of its values."""
        _, units, long_name = settings_of(self.user.function)
        of_values = (units or "1", long_name or self.name, shape)
        user = self.user
        return OwnObservable(
            self.name, self.every, self.along, *of_values, user.reference, user.digest, user.source
        )


def own_functions(spec: RunSpec, given: Observe | None) -> tuple[OwnFunction, ...]:
    """Return the functions of ``output.observe``, and those that are given in Python.

    Raises
    ------
    SpecError
        If some cannot be loaded or used, with every fault.
    """
    found: dict[str, UserFunction] = {}
    faults: list[Fault] = []
    for reference in spec.output.observe:
        try:
            found[name_in(reference)] = load_function(reference)
        except InputError as error:
            faults.append(Fault("output.observe", str(error)))
    of_python: Any = given or {}
    if not isinstance(of_python, Mapping):
        faults.append(Fault("observe", f"{show(given)} is not a dict of functions by name"))
        of_python = {}
    for name, function in of_python.items():
        fault = fault_of_name(name) if isinstance(name, str) else f"{show(name)} is not a name"
        if name in found:
            fault = f"{name} is in output.observe, too; each name is for one function"
        if not callable(function):
            fault = fault or f"{name} is {show(function)}, and not a function"
        if fault:
            faults.append(Fault("observe", fault))
        else:
            found[name] = given_function(function)
    if faults:
        raise SpecError(faults)
    every = spec.output.every
    own = {name: settings_of(user.function).every or every for name, user in found.items()}
    return tuple(
        OwnFunction(name, user, own[name], STEP if own[name] == every else f"{STEP}_{own[name]}")
        for name, user in found.items()
    )


def require_same(
    path: Path, functions: Sequence[OwnFunction], there: Sequence[OwnObservable], failed: str
) -> bool:
    """Raise OutputError unless a run to resume has the functions that it began with.

    If it ended because one of them failed, they may have another text; return whether they do.

    Parameters
    ----------
    path : Path
        Its file.
    there : sequence of OwnObservable
        Those that it began with.
    failed : str
        Which of them ended it; empty if none did.
    """
    before = {each.name: each for each in there}
    now = {each.name: each for each in functions}
    faults, changed = [], []
    for name in dict.fromkeys([*before, *now]):
        if name not in now:
            key = "output.observe" if before[name].function else "observe"
            where = f" ({before[name].function})" if before[name].function else ""
            faults.append(f"it began with the observable {name}{where}: give it again in {key}")
        elif name not in before:
            faults.append(f"it began without the observable {name}: leave it out")
        elif before[name].every != now[name].every:
            period = counted(before[name].every, "step")
            faults.append(
                f"the observable {name} was called every {period}, and now is to be every "
                f"{now[name].every}"
            )
        elif before[name].digest != now[name].user.digest:
            changed.append(name)
            place = now[name].user.reference or "the function that is given"
            if not failed:
                faults.append(
                    f"the observable {name} has another text now, in {place}: put back the one "
                    f"that it began with, the attribute source of /observed/{name}"
                )
    if faults:
        raise OutputError(
            f"{path} cannot be resumed with other observables of one's own: {'; '.join(faults)}. "
            f"Another output, or {switch('overwrite')}, starts again"
        )
    return bool(changed)
