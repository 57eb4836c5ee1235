"""Pages of the documentation in texts for a terminal, by their titles.

Docstrings name a page by its file, as ``docs/model.md``. Who installed a wheel has no such file.
"""

from __future__ import annotations

import re
from typing import Final

TITLES: Final = {
    "boundary": "How large a batch does learning need?",
    "cluster": "Sweeps and phase diagrams, here and on a cluster",
    "extending": "Extending scbsim",
    "model": "The model",
    "mpi": "One run on many machines",
    "schedules": "Schedules",
    "transfer": "Transfer",
}
"""Titles of the pages that messages, help and descriptions of keys name."""


def by_title(text: str) -> str:
    """Return a text with ``docs/mpi.md`` as its title, and where that is."""
    return re.sub(r"docs/(\w+)\.md", _titled, text)


def _titled(found: re.Match[str]) -> str:
    return f'"{TITLES[found[1]]}" in the documentation'
