"""The page `docs/licences.md`, made from `pyproject.toml` and from what is installed.

    python tests/scbsim_testing/licences.py > docs/licences.md

in an environment with all extras.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FOR_USERS = ("cluster", "mpi", "report")
"""The extras of those who use scbsim; the others are for working on it."""

PAGE = """\
# Licences of dependencies

scbsim is under the MIT licence. It contains no code of the packages below, which are installed
beside it. Only pages made by `scbsim report` contain another program: BokehJS, under the BSD
3-Clause licence.

This page is made by `tests/scbsim_testing/licences.py` from what each package says of itself.

## What is installed with scbsim

Direct dependencies, and what these need in turn. What has an extra in the last column is installed
only if that is asked for.

{used}

## What is used to work on it

Direct dependencies of the other extras. They are in no distribution of scbsim.

{developed}
"""


def requirements(root: Path = ROOT) -> dict[str, list[Requirement]]:
    """Return the dependencies of each extra, those of scbsim itself under an empty name."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: [Requirement(line) for line in lines] for extra, lines in lists.items()}


def plain(name: str) -> str:
    """Return a package's name in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(direct: list[Requirement]) -> set[str]:
    """Return the names of packages and of all that they need here, as far as it is installed."""
    found: set[str] = set()
    waiting = [plain(each.name) for each in direct]
    while waiting:
        if (name := waiting.pop()) in found:
            continue
        found.add(name)
        if (package := installed(name)) is None:
            continue
        for line in package.requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(plain(needed.name))
    return found


def installed(name: str) -> Distribution | None:
    """Return what is known of an installed package, or None."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def licence(package: Distribution) -> str:
    """Return what a package says of its licence: an expression, a classifier, or a first line."""
    said = package.metadata
    if said.get("License-Expression"):
        return str(said["License-Expression"])
    classes = [line for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    if classes:
        return ", ".join(line.rpartition(" :: ")[2] for line in classes)
    return str(said.get("License") or "not said").strip().splitlines()[0]


def used() -> dict[str, str]:
    """Return by whom each package is used that users get: empty for scbsim itself, or extras."""
    wanted = requirements()
    always = closure(wanted[""])
    found = dict.fromkeys(always, "")
    for extra in FOR_USERS:
        for name in closure(wanted[extra]) - always:
            found[name] = ", ".join(filter(None, (found.get(name), extra)))
    return found


def developed() -> dict[str, str]:
    """Return the extras of each direct dependency that only developers get."""
    users, found = used(), {}
    for extra, lines in requirements().items():
        for name in {plain(each.name) for each in lines} - users.keys():
            found[name] = ", ".join(filter(None, (found.get(name), extra)))
    return found


def table(names: dict[str, str]) -> str:
    """Return a table of packages, their licences, and the extras that have them."""
    rows = ["| package | licence | extra |", "|---|---|---|"]
    for name, extra in sorted(names.items()):
        package = installed(name)
        rows.append(f"| {name} | {licence(package) if package else 'not installed'} | {extra} |")
    return "\n".join(rows)


def page() -> str:
    """Return the whole page."""
    return PAGE.format(used=table(used()), developed=table(developed()))


if __name__ == "__main__":
    print(page(), end="")
