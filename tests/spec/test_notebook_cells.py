"""Rules that are written in a cell of a notebook, with the imports in another one."""

import linecache
import math

import numpy as np
import pytest

import scbsim
from scbsim.rules.loading import kernel_rule
from scbsim.spec.notebook_cells import imports_of_other_cells
from scbsim.spec.rule_source import MODULES

CELL = """
@scbsim.rule(threshold=True, keeps_zeros=True)
def mine(s, gradient, rate, threshold):
    x = s - rate * gradient
    return m.copysign(max(abs(x) - rate * threshold, 0.0), x) * WIDTH * np.sign(root(1.0))
"""


@pytest.fixture
def cell(monkeypatch):
    """Run a cell as IPython does: linecache has its source, under a name that is no file."""

    def run(text, name, **given):
        lines = text.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, "<cell>", (len(text), None, lines, "<cell>"))
        names = {"__name__": "__main__", **given}
        exec(compile(text, "<cell>", "exec"), names)
        return names[name]

    return run


def test_a_cell_has_the_imports_of_others(cell):
    others = {"scbsim": scbsim, "m": math, "np": np, "root": math.sqrt, "WIDTH": 1.0}
    mine = cell(CELL, "mine", **others)
    heads = mine.source.splitlines()[:5]
    assert heads == [
        "WIDTH = 1.0",
        "import math as m",
        "import numpy as np",
        "from math import sqrt as root",
        "import scbsim",
    ]
    assert mine(1.0, 0.0, 0.1, 1.0) == 0.9
    spec = scbsim.RunSpec.from_dict(
        {"task": {"N": 4, "T": 9, "Q": 1}, "dynamics": {"rule": mine}, "stage": [{"steps": 1}]}
    )
    # What the file of a run keeps is compiled without the notebook.
    kernel_rule(spec.dynamics.rule)
    assert scbsim.RunSpec.from_json(spec.to_json()) == spec


def test_a_decorator_by_its_own_name(cell):
    text = "@rule()\ndef mine(s, gradient, rate, threshold):\n    return s - rate * gradient\n"
    mine = cell(text, "mine", rule=scbsim.rule)
    assert mine.source == f"from scbsim.spec.own_rules import rule\n{text}"


def test_only_modules_that_a_rule_may_use_are_looked_for():
    def function():
        pass

    text = "import math\n\ndef f():\n    return math.pi + np.e + linecache.x + NUMBER + missing\n"
    function.__globals__["NUMBER"] = np.float64(2.0)
    assert imports_of_other_cells(text, function, MODULES) == "import numpy as np\n"
    assert imports_of_other_cells("x = (", function, MODULES) == ""
