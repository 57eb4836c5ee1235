"""Messages that count: "1 run", and "2 runs"."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import scbsim
from scbsim.util.text import by_count, counted, share_of

NOUNS = [
    "arrays",
    "bands",
    "batches",
    "bytes",
    "cases",
    "characters",
    "columns",
    "comparisons",
    "copies",
    "cores",
    "curves",
    "draws",
    "entries",
    "faults",
    "fields",
    "files",
    "functions",
    "jobs",
    "kernels",
    "keys",
    "labels",
    "lines",
    "members",
    "minutes",
    "names",
    "nodes",
    "normalisations",
    "observables",
    "others",
    "panels",
    "parts",
    "points",
    "positions",
    "processes",
    "ranks",
    "replicas",
    "rows",
    "runs",
    "samples",
    "seeds",
    "snapshots",
    "stages",
    "steps",
    "symbols",
    "tasks",
    "threads",
    "tokens",
    "values",
    "variables",
    "workers",
]
BETWEEN = r"(?:(?:different|distinct|finished|free|more|other|usable) )?"
COUNTED = re.compile(rf" {BETWEEN}(?:{'|'.join(NOUNS)})\b")

AT_LEAST_TWO = {
    "cost.py": "an estimate of many",
    "curve_data.py": "the most rows of a long curve",
    "data_checks.py": "replicas where more than one is given",
    "dense.py": "more than its random stream has numbers for",
    "directions.py": "more than can be drawn",
    "engines/batch.py": "more than its batch size",
    "entries.py": "more than fit into memory",
    "errors.py": "of more than one, by the line itself",
    "guard.py": "of files of gigabytes",
    "info_table.py": "shapes, and counts of states in words",
    "live_table.py": "a rate",
    "alias_tables.py": "more than real batches have",
    "run/source.py": "more than real batches have",
    "maps.py": "the tokens of a map, a constant",
    "matrices.py": "the tokens of a map, a constant",
    "phase/grid.py": "a product of sizes, above the most points",
    "rule_source.py": "more characters than are kept",
    "spec/run.py": "replicas of an ensemble",
    "drawn_samples.py": "more samples than are drawn",
    "shareable.py": "replicas or ranks where one is allowed",
    "sparse.py": "more than its random stream has numbers for",
    "spec/checks.py": "more samples than are allowed, and more positions than there are",
    "sweep/collect.py": "more runs than can be linked",
    "thin.py": "more curves than a page takes",
    "views.py": "values where one is wanted",
}
"""Files with a number before a noun that is never 1, and why."""


def counts_of(path):
    """The places of f-strings with an expression before a plural noun."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, text in zip(node.values, node.values[1:], strict=False):
            if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                continue
            expression = ast.unparse(value.value)
            constant = re.fullmatch(r"(self\.)?[A-Z_.]+(\[.*\])?", expression)
            if COUNTED.match(text.value) and not constant:
                yield f"{path}:{node.lineno}: {{{expression}}}{text.value[:20]}"


def test_messages_use_the_words_of_one():
    root = Path(scbsim.__file__).parent
    files = [*root.rglob("*.py"), *(root / "cli").glob("*.py")]
    found = {path.relative_to(root).as_posix(): [*counts_of(path)] for path in files}
    assert "cli/info.py" in found
    known = {path for path in found if any(path.endswith(end) for end in AT_LEAST_TWO)}
    wrong = [each for path in found.keys() - known for each in found[path]]
    assert wrong == [], "write {counted(n, 'run')}, or add the file to AT_LEAST_TWO"


def test_the_walk_finds_counts(tmp_path):
    path = tmp_path / "some.py"
    path.write_text(
        'f"{len(runs)} runs are"; f"{MOST} runs"; f"{name} runs off"; f"{n:,} more rows"'
    )
    assert [each.partition(": ")[2] for each in counts_of(path)] == [
        "{len(runs)} runs are",
        "{name} runs off",
        "{n} more rows",
    ]


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "run", "0 runs"),
        (1, "run", "1 run"),
        (2, "run", "2 runs"),
        (1, "entry", "1 entry"),
        (3, "entry", "3 entries"),
        (2, "batch", "2 batches"),
        (2, "process", "2 processes"),
        (2, "key", "2 keys"),
        (2, "more fault", "2 more faults"),
    ],
)
def test_a_count_and_its_noun(number, noun, said):
    assert counted(number, noun) == said


def test_a_count_in_a_format_and_its_verb():
    assert counted(12345, "row", ",") == "12,345 rows"
    assert counted(1.0, "column", ".0f") == "1 column"
    assert [by_count(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
    assert share_of(1, 3, "run") == "1 of 3 runs is"
    assert share_of(1, 1, "run") == "1 of 1 run is"
    assert share_of(2, 3, "run") == "2 of 3 runs are"
