"""report(): one page of a file or folder."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbsim.contents import describe, load
from scbsim.contents.folders import MAIN, is_sweep, listed
from scbsim.contents.kinds import kind_of
from scbsim.errors import OutputError
from scbsim.plotting import bands, style
from scbsim.plotting.overview import facts_of
from scbsim.plotting.picture_paths import labels, name_of
from scbsim.report import collection, comparison, curves, made_by
from scbsim.report.document import document
from scbsim.report.library import bokeh
from scbsim.report.maps import maps_of
from scbsim.report.sections import Content
from scbsim.report.words import escaped, html
from scbsim.storage.hdf5 import formats
from scbsim.util.arguments import given, switch
from scbsim.util.atomic import atomic_write
from scbsim.util.paths import resolved
from scbsim.util.text import counted, share_of

if TYPE_CHECKING:
    import xarray as xr


def report(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    only: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write one page of a file or folder, which needs no other file and no network.

    Parameters
    ----------
    source : path
        The output of a run or of an ensemble, the folder of a sweep or of a figure, or a file of
        ``collect``, ``phase``, ``compare`` or ``boundary``.
    output : path
        The page.
    only : sequence of str
        Observables to show; by default all that there are.
    overwrite : bool
        Replace the page if it exists.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    InputError
        If Bokeh is not installed, an observable is not there, or the curves are too many.
    OutputError
        If the source cannot be read or has nothing to show, or the page cannot be written.

    Notes
    -----
    docs/report.md.
    """
    source, output = Path(source), Path(output)
    check_page(source, output, overwrite)
    bokeh()
    text = page_of(source, output, only)
    output = resolved(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(output) as file:
        file.write(text.encode())
    return output


def check_page(source: Path, output: Path, overwrite: bool) -> None:
    """Raise OutputError unless a page may be written to a path."""
    if output.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{output}: a page ends in .html")
    if output.is_dir():
        raise OutputError(f"{output} is a folder; give the path of a page")
    if output.exists() and not overwrite:
        raise OutputError(
            f"{output} exists; {switch('overwrite')} replaces it, {given('output')} writes to "
            "another file"
        )


def page_of(source: Path, output: Path, only: Sequence[str] = ()) -> str:
    """Return the page of a file or folder as HTML; see :func:`report`."""
    words = ["scbsim", "report", source.name, "-o", output.name]
    command = shlex.join([*words, *(word for name in only for word in ("--only", name))])
    name, content = name_of(source.resolve()), Content()
    main = [source / each for each in MAIN if (source / each).is_file()]
    if source.is_dir() and is_sweep(source):
        facts = _sweep(source, load(source), only, content)
    elif source.is_dir() and not main:
        facts = _folder(source, only, content)
    else:
        facts = _file(main[0] if main else source, only, content)
    made = content.data.pop("made")
    content.add_made_by(made, command)
    return document(name, facts, content)


def _file(path: Path, only: Sequence[str], content: Content) -> str:
    kind = kind_of(path)
    makers = {
        formats.FORMAT: _run,
        formats.COLLECTION: _sweep,
        formats.PHASE: _phase,
        formats.COMPARISON: _comparison,
        formats.BOUNDARY: _boundary,
    }
    if kind not in makers:
        raise OutputError(
            f"{path} is {formats.KINDS[kind]}; a report shows runs, sweeps, phase diagrams, "
            "boundaries and comparisons"
        )
    return makers[kind](path, load(path), only, content)


def _run(path: Path, run: xr.Dataset, only: Sequence[str], content: Content) -> str:
    said = describe(path)
    if bands.replicas(run):
        content.add_curves(curves.of_ensemble(run, only))
    else:
        content.add_curves(curves.of_run(run, name_of(path), only))
        content.add_maps(*maps_of(path))
    last = said["last"] or {}
    content.add_facts("At the end", {k: f"{v:.6g}" for k, v in last.items()})
    content.data["made"] = made_by.of_run(path, run)
    diagnosis = f"<br>{escaped(said['diagnosis'])}" if said["diagnosis"] else ""
    rows = (
        f"{counted(said['rows'], 'row', ',')}, the last at step {said['step']:,}"
        if said["rows"]
        else "no rows"
    )
    state = f"{said['status']}{bands.status_note(run) if said['status'] == 'complete' else ''}"
    return f"{html(', '.join(facts_of(run)))}<br>{escaped(state)}, {rows}{diagnosis}"


def _sweep(path: Path, runs: xr.Dataset, only: Sequence[str], content: Content) -> str:
    found = collection.of_collection(runs, only)
    content.add_curves(found)
    content.data["made"] = made_by.of_sweep(path, runs.attrs["sweep"])
    varied = ", ".join(f"{k} ({counted(len(set(v)), 'value')})" for k, v in found.keys.items())
    return escaped(f"{counted(len(found.labels), 'run')} of a sweep over {varied or 'nothing'}")


def _folder(path: Path, only: Sequence[str], content: Content) -> str:
    files = [path / each["file"] for each in listed(path) if each["format"] == formats.FORMAT]
    if not files:
        raise OutputError(f"{path} is a folder without the output of a run")
    runs = dict(zip(labels(files), map(load, files), strict=True))
    content.add_curves(curves.of_files(runs, only))
    content.data["made"] = made_by.of_folder(path)
    facts = [facts_of(run) for run in runs.values()]
    shared = [fact for fact in facts[0] if all(fact in each for each in facts)]
    return html(", ".join([counted(len(runs), "run"), *shared]))


def _phase(path: Path, diagram: xr.Dataset, only: Sequence[str], content: Content) -> str:
    from scbsim.studies.phase.boundary import growth
    from scbsim.studies.phase.plot import law_of, title_of

    _refuse_only(only, "a phase diagram")
    laws = [law_of(growth(diagram, str(rule)), diagram) for rule in diagram["rule"].values]
    content.add_phase(diagram, laws)
    content.data["made"] = made_by.of_phase(path, diagram)
    done, points = int(diagram["done"].sum()), int(diagram["done"].size)
    part = f"<br>{share_of(done, points, 'point')} done" if done < points else ""
    return html(title_of(diagram)).replace("\n", "<br>") + part


def _comparison(path: Path, found: xr.Dataset, only: Sequence[str], content: Content) -> str:
    from scbsim.studies.compare.plot import title_of

    content.add_curves(comparison.of_comparison(found, only))
    content.add_html("Gaps", comparison.gaps_table(found))
    content.data["made"] = made_by.of_comparison(path, found)
    return html(title_of(found)).replace("\n", "<br>")


def _boundary(path: Path, found: xr.Dataset, only: Sequence[str], content: Content) -> str:
    content.add_curves(comparison.of_boundary(found, only))
    content.data["made"] = made_by.of_boundary(path, found)
    first: dict[str, Any] = next(iter(json.loads(found.attrs["curves"]).values()))
    facts = style.sizes(first["spec"]["task"])
    return html(", ".join(["Boundary of learning", *facts]))


def _refuse_only(only: Sequence[str], what: str) -> None:
    if only:
        raise OutputError(f"{given('only')} takes observables along a run, and {what} has none")
