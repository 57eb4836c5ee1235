"""The update rules of A, one record each.

`scbsim.kernels.gaussian.rules` has the arithmetic of the first four. The others are functions in
Python, as a user's own rules are: those of scbsim are in `scbsim.rules`.

``sgd`` steps along the preconditioned and projected gradient, without a threshold. ``vanilla``
steps along the plain gradient; it exists on real batches only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from scbsim.util.text import printable

THRESHOLD, KEEPS_ZEROS, MEMORY = "threshold", "keeps zeros", "memory"


@dataclass(frozen=True)
class Rule:
    """The properties of a rule (`docs/model.md`, section 4)."""

    name: str  # as in dynamics.rule
    formula: str  # next value of an entry s, from its noisy gradient g, a rate and a threshold
    thresholds: bool = False  # whether it reads a threshold
    keeps_zeros: bool = False  # whether an entry at zero stays there below the threshold
    returns_to_zero: bool = False  # whether a nonzero entry can become zero again
    projected: bool = True  # whether the gradient is preconditioned and projected
    memory: bool = False  # whether it has a number of memory for each entry
    own: bool = False  # whether it is a function in Python, of a user or in `scbsim.rules`


class OwnName(NamedTuple):
    """A user's own rule in a spec: where its function is, its properties, and its source's digest.

    As text it is ``FILE.py:NAME (threshold, keeps zeros, memory; sha256 DIGEST)``. So a spec in a
    file says all that a reader needs, and no code has to run.
    """

    where: str  # path of the file, or whatever Python has in its place
    name: str
    flags: tuple[str, ...]
    digest: str  # 16 hexadecimal digits

    def __str__(self) -> str:
        told = f"sha256 {self.digest}"
        if self.flags:
            told = f"{', '.join(self.flags)}; {told}"
        return f"{self.where}:{self.name} ({told})"

    def record(self) -> Rule:
        """Return the record of the rule."""
        return Rule(
            str(self),
            "a function of your own",
            thresholds=THRESHOLD in self.flags,
            keeps_zeros=KEEPS_ZEROS in self.flags,
            returns_to_zero=KEEPS_ZEROS in self.flags,
            memory=MEMORY in self.flags,
            own=True,
        )


_FLAG = f"(?:{THRESHOLD}|{KEEPS_ZEROS}|{MEMORY})"
_OWN = re.compile(
    rf"(?s)(.+):([^\W\d]\w*) \((?:({_FLAG}(?:, {_FLAG})*); )?sha256 ([0-9a-f]{{16}})\)"
)


@lru_cache(maxsize=256)
def own_name(text: str) -> OwnName | None:
    """Return the own rule that a text of a spec names; None if it is no such text."""
    found = _OWN.fullmatch(text)
    if found is None:
        return None
    where, name, flags, digest = found.groups()
    return OwnName(where, name, tuple(flags.split(", ")) if flags else (), digest)


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("sgd", "s - rate g"),
        Rule(
            "prox",
            "soft(s - rate g, rate threshold)",
            thresholds=True,
            keeps_zeros=True,
            returns_to_zero=True,
        ),
        Rule("denoise", "s - rate soft(g, threshold)", thresholds=True, keeps_zeros=True),
        Rule("vanilla", "s - rate g, of the plain gradient", projected=False),
        Rule(
            "hard",
            "s - rate g, or 0 if that is within rate threshold of 0",
            thresholds=True,
            keeps_zeros=True,
            returns_to_zero=True,
            own=True,
        ),
        Rule("momentum", "s - rate m, with m = 0.9 m + g", memory=True, own=True),
    )
}
"""All rules of scbsim by name, in the order in which messages list them."""


def rule_record(name: str) -> Rule:
    """Return the record of a rule of a valid spec: one of scbsim's, or a user's own."""
    if name in RULES:
        return RULES[name]
    own = own_name(name)
    if own is None:
        raise KeyError(name)
    return own.record()


def short_name(name: str) -> str:
    """Return the name of a rule for labels: of an own rule only that of its function."""
    own = own_name(name)
    return name if own is None else own.name


def rule_in_words(name: str) -> str:
    """Return the name of a rule for messages: of an own rule its whole file and its function."""
    own = own_name(name)
    return f'"{name}"' if own is None else f'"{printable(own.where)}:{own.name}"'


def has_threshold(name: object) -> bool:
    """Return True if a rule reads a threshold, or if there is no rule of this name."""
    try:
        return not isinstance(name, str) or rule_record(name).thresholds
    except KeyError:
        return True
