"""The whole page: head, parts, data, and scripts, none of which loads anything."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from scbsim._version import __version__
from scbsim.report.library import script
from scbsim.report.packing import as_json
from scbsim.report.words import escaped

if TYPE_CHECKING:
    from scbsim.report.sections import Content

_QUIET: Final = 'Bokeh.set_log_level("error");'


def document(title: str, facts: str, content: Content) -> str:
    """Return a page as HTML.

    Its policy lets no script run but those that are listed by their digests, and forbids every
    request. So text from files can neither run nor load anything, whatever it holds.

    Parameters
    ----------
    title : str
        Plain text.
    facts : str
        HTML below the title.
    content : Content
    """
    library, own = f"{script()}\n{_QUIET}", _file("page.js")
    digests = " ".join(f"'sha256-{_digest(text)}'" for text in (library, own))
    policy = (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'"
    )
    shown = escaped(title)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="generator" content="scbsim {__version__}">',
        f"<title>{shown}</title><style>{_file('page.css')}</style></head><body>",
        f"<header><h1>{shown}</h1><p>{facts}</p></header><main>",
        *content.parts,
        f"</main><footer><p>Made by scbsim {__version__}. In a plot that has the focus, arrow keys "
        "move, + and - zoom, 0 resets.</p></footer>",
        f'<script type="application/json" id="report-data">{as_json(content.data)}</script>',
        f"<script>{library}</script><script>{own}</script></body></html>\n",
    ]
    return "".join(parts)


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _file(name: str) -> str:
    return files("scbsim.report").joinpath(name).read_text(encoding="utf-8")
