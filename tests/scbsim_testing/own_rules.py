"""Files of update rules, and specs that name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEAD = "import math\nimport numpy as np\nimport numba\nimport scbsim\n\n"

SOFT = """
@scbsim.rule(threshold=True, keeps_zeros=True)
def own(s, gradient, rate, threshold):
    x, limit = s - rate * gradient, rate * threshold
    return x - max(min(x, limit), -limit)
"""
HEAVY = """
@scbsim.rule()
def own(s, gradient, rate, threshold, memory):
    memory = 0.75 * memory + gradient
    return s - rate * memory, memory
"""
PLAIN = """
@scbsim.rule()
def own(s, gradient, rate, threshold):
    return s - rate * gradient
"""


def rule_file(folder: Path, body: str, name: str = "rules.py") -> str:
    """Write a file of rules; return the rule ``own`` in it as a spec names it."""
    path = folder / name
    path.write_text(HEAD + body)
    return f"{path}:own"


def tables(rule: Any, stages: Any = None, **dynamics: Any) -> dict[str, Any]:
    """The tables of a small spec under a rule."""
    return {
        "task": {"N": 6, "T": 60, "Q": 2, "P_concentration": 0.05, "seed": 1},
        "dynamics": {"engine": "dense", "batch_size": 1e5, "rule": rule, **dynamics},
        "stage": stages or [{"steps": 20}],
    }
