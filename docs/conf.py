"""The documentation site: `sphinx-build -W --keep-going docs build/site`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import scbsim

project = "scbsim"
author = "The scbsim developers"
copyright = "The scbsim developers, MIT licence"
version = release = scbsim.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["examples/README*", "**.ipynb_checkpoints"]
smartquotes = False  # options begin with two hyphens
html_theme = "furo"
html_title = f"scbsim {release}"
html_static_path: list[str] = []
html_show_sphinx = False

# The pages are Markdown that a code host shows as well: its mathematics, its anchors of headings.
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

# The notebooks are kept without outputs, and run when the site is built.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_class_signature = "separated"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "code"

# A name of this package that a docstring refers to is on a page, or the build fails.
nitpicky = True
nitpick_ignore_regex = [
    ("py:(class|exc)", r"(?!scbsim\.).*"),
    ("py:.*", r"(numpy|xarray|scipy|matplotlib|collections|pathlib|pydantic)\..*"),
]
copybutton_exclude = ".linenos, .gp, .go"

ELSEWHERE = {
    "](examples)": "](reference/examples.rst)",
    "](../CONTRIBUTING.md)": "](contributing.md)",
    "](../README.md)": "](index.md)",
}
"""Links that a code host resolves in the repository, and where the site has the same."""


def _links(_app: Any, _page: str, source: list[str]) -> None:
    for there, here in ELSEWHERE.items():
        source[0] = source[0].replace(there, here)


def _pages_of_docstrings(
    _app: Any, _kind: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Make links of `docs/model.md`, which is how docstrings name a page."""
    lines[:] = [re.sub(r"docs/(\w+)\.md", r":doc:`docs/\1.md </\1>`", line) for line in lines]


def _commands_as_code(_app: Any, _context: Any, lines: list[str]) -> None:
    """Set the commands in the help of a command as code."""
    lines[:] = [re.sub(r"^\| (scbsim .*|mpiexec .*)$", r"| ``\1``", line) for line in lines]


def _external_links(app: Any, page: str, *_rest: Any) -> None:
    """Collect the links that leave the site, which are not followed: no network is needed."""
    from docutils import nodes

    if page not in app.env.all_docs:
        return
    for node in app.env.get_doctree(page).findall(nodes.reference):
        if node.get("refuri", "").startswith("http"):
            EXTERNAL.setdefault(node["refuri"], page)


EXTERNAL: dict[str, str] = {}


def _write_external_links(app: Any, error: Exception | None) -> None:
    if error is None and EXTERNAL:
        lines = (f"{uri}  {page}\n" for uri, page in sorted(EXTERNAL.items()))
        Path(app.outdir, "external-links.txt").write_text("".join(lines))


def setup(app: Any) -> None:
    """Register what is above."""
    app.connect("source-read", _links)
    app.connect("autodoc-process-docstring", _pages_of_docstrings)
    app.connect("html-page-context", _external_links)
    app.connect("sphinx-click-process-description", _commands_as_code)
    app.connect("build-finished", _write_external_links)
