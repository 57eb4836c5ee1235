"""What is in the source distribution and in the wheel, and what has to be.

    python tests/scbsim_testing/distributions.py FOLDER

ends with status 1, and a line for each fault, if the two files in a folder are not as they should
be.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGED = {".py", ".c", ".h", ".css", ".js", ".json", ".toml", ".typed"}
DOCUMENTED = {".md", ".py", ".rst", ".toml", ".png", ".ipynb"}
ALONE = {
    "sdist": {
        *("PKG-INFO", "setup.cfg", "pyproject.toml", "MANIFEST.in"),
        *("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"),
    },
    "wheel": set(),
}
"""Files beside the package, for each kind of distribution."""
MADE = {
    "sdist": {f"scbsim.egg-info/{name}" for name in ("PKG-INFO", "SOURCES.txt", "requires.txt")}
    | {f"scbsim.egg-info/{name}.txt" for name in ("dependency_links", "entry_points", "top_level")},
    "wheel": {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt"}
    | {"licenses/LICENSE"},
}


def package_files(root: Path = ROOT) -> set[str]:
    """Return the files of the package in a checkout; `cli` is there through a link."""
    package = root / "scbsim"
    folders = (package, package / "cli")
    found = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    return {
        path.relative_to(root).as_posix()
        for path in found
        if "__pycache__" not in path.parts and path.suffix in PACKAGED
    }


def documentation(root: Path = ROOT) -> set[str]:
    """Return the files of the documentation in a checkout, which the source distribution has."""
    found = (path for path in (root / "docs").rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix()
        for path in found
        if path.suffix in DOCUMENTED and not {"__pycache__", ".ipynb_checkpoints"} & {*path.parts}
    }


def sdist_faults(path: Path, root: Path = ROOT) -> list[str]:
    """Return what is wrong with a source distribution, in words."""
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    faults = [f"{each.name} is a link" for each in members if each.issym() or each.islnk()]
    top = path.name.removesuffix(".tar.gz")
    names = {each.name.removeprefix(f"{top}/") for each in members if not each.isdir()}
    wanted = package_files(root) | documentation(root) | ALONE["sdist"] | MADE["sdist"]
    return faults + _compared(names, wanted)


def wheel_faults(path: Path, root: Path = ROOT) -> list[str]:
    """Return what is wrong with a wheel, in words."""
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    info = "-".join(path.name.split("-")[:2]) + ".dist-info"
    faults = [] if path.name.endswith("-py3-none-any.whl") else [f"{path.name} is not for any"]
    return faults + _compared(
        names, package_files(root) | {f"{info}/{name}" for name in MADE["wheel"]}
    )


def _compared(found: set[str], wanted: set[str]) -> list[str]:
    return [
        *(f"{name} is missing" for name in sorted(wanted - found)),
        *(f"{name} should not be there" for name in sorted(found - wanted)),
    ]


def main(folder: Path) -> int:
    """Print the faults of the two distributions in a folder; return the exit status."""
    sdists, wheels = sorted(folder.glob("*.tar.gz")), sorted(folder.glob("*.whl"))
    faults = [] if len(sdists) == len(wheels) == 1 else [f"{folder} has not one of each kind"]
    for path in sdists:
        faults += [f"{path.name}: {fault}" for fault in sdist_faults(path)]
    for path in wheels:
        faults += [f"{path.name}: {fault}" for fault in wheel_faults(path)]
    print("\n".join(faults) or f"{len(package_files())} files of the package are in each")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
