"""Reading the pages of reports: their elements, their data, and a browser that opens them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from scbsim_testing.needs import lacking, needed

_ALONE = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """A page: its elements with their attributes, the text of those with an id, and its data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.data: dict[str, Any] = json.loads(self.texts["report-data"])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _ALONE:
            self._open.append(dict(attrs).get("id") or "")
            self.texts.setdefault(self._open[-1], "")

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in set(self._open):
            self.texts[name] += data

    def panel(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps and the values of a panel."""
        curves = self.data["curves"]
        (found,) = (panel for panel in curves["panels"] if panel["name"] == name)
        return unpacked(curves["steps"][found["x"]]), unpacked(found["y"])


def unpacked(packed: dict[str, Any]) -> np.ndarray:
    """The array that a page holds."""
    raw = gzip.decompress(b64decode(packed["gzip"]))
    return np.frombuffer(raw, packed["type"]).reshape(packed["shape"])


@contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    playwright = needed("playwright.sync_api")
    found = shutil.which("chromium")
    if found is None:
        lacking("there is no chromium")
    # Chromium has no sandbox for root.
    words = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=words)
        yield browser
        browser.close()


class Tab:
    """A page in a browser, with what it asked for and what it complained of."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, *, touch: bool = False) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 900}, has_touch=touch, is_mobile=touch
        )
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("request", lambda each: self.requests.append(each.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)
        self.page.goto(path.resolve().as_uri())
        self.until("scbsimReport.drawn > 0")

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def run(self, code: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(f"() => {code}")

    def until(self, condition: str) -> None:
        """Wait for a condition. Playwright's own wait evaluates a text, which a page bars."""
        for _ in range(600):
            if self.run(condition):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{condition} did not come true; {self.complaints}")

    def drawn(self, name: str) -> Any:
        """Bring a plot into sight, and wait for it."""
        self.page.locator(f"#{name}").scroll_into_view_if_needed()
        self.until(f"scbsimReport.plots.has('{name}')")
        self.page.wait_for_timeout(500)
        return self.page.locator(f"#{name}")

    def of(self, name: str, what: str) -> Any:
        """Something of a plot: its ``model``, or the ``data`` or ``selected`` of its lines."""
        plot = f"scbsimReport.plots.get('{name}')"
        lines = f"{plot}.model.renderers.find((r) => ['lines', 'dots', 'cells'].includes(r.name))"
        return self.run(what.replace("LINES", lines).replace("PLOT", f"{plot}.model"))
