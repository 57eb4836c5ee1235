"""The texts of pictures, which have matplotlib's mathtext, as HTML and as plain text."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from scbsim.util.text import printable

_SIGNS: Final = {
    r"\alpha": "α",
    r"\Delta": "Δ",
    r"\mu": "μ",
    r"\eta": "η",
    r"\lambda": "λ",
    r"\sigma": "σ",
    r"\ell": "ℓ",
    r"\times": "×",
    r"\cos": "cos",
    r"\propto": "∝",
    r"\geq": "≥",
    r"\leq": "≤",
    r"\pm": "±",
    r"\|": "‖",
    r"\,": "\u202f",
    r"\_": "_",
}
_COMMAND: Final = re.compile(r"\\(?:[A-Za-z]+|.)")
_RAISED: Final = re.compile(r"([_^])(?:\{([^{}]*)\}|(\S))")
_TAGS: Final = {"_": "sub", "^": "sup"}


def html(text: str) -> str:
    """Return a text with mathtext between ``$`` as HTML; everything else is escaped."""
    return "".join(_math(part) if inside else escape(part) for part, inside in _parts(text))


def plain(text: str) -> str:
    """Return a text with mathtext as plain text: ``B × 10^4``."""
    return "".join(
        _signs(part).replace("{", "").replace("}", "") if inside else part
        for part, inside in _parts(text)
    )


def escaped(text: object) -> str:
    """Return a text from outside, such as a file's name, as HTML."""
    return escape(printable(str(text), keep="\n"))


def _parts(text: str) -> list[tuple[str, bool]]:
    r"""Return the parts of a text, and whether each is mathematics; ``\$`` is a dollar sign."""
    parts = re.split(r"(?<!\\)\$", printable(text, keep="\n"))
    return [(part.replace(r"\$", "$"), i % 2 == 1) for i, part in enumerate(parts)]


def _signs(math: str) -> str:
    math = re.sub(r"\\mathrm\{((?:[^{}\\]|\\.)*)\}", r"\1", math)
    # A name with an underscore is no index.
    return _COMMAND.sub(lambda found: _SIGNS.get(found[0], found[0][1:]), math)


def _math(math: str) -> str:
    math = escape(math.replace(r"\_", "\0"), quote=False)
    shown = _signs(math)
    while _RAISED.search(shown):
        shown = _RAISED.sub(_raised, shown)
    return shown.replace("\0", "_")


def _raised(found: re.Match[str]) -> str:
    tag = _TAGS[found[1]]
    return f"<{tag}>{found[2] if found[2] is not None else found[3]}</{tag}>"
