"""A real browser for the pages; where there is none, these tests are skipped and say why."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from softgrad.explain.page import page as html

URL = "http://localhost/explain"  # answered by the test itself; a page there may use the clipboard
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for since."""

    page: Any
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def get(self, name: str) -> Any:
        """A member of the page's window.softgrad."""
        return self.page.evaluate(f"window.softgrad.{name}")

    def choose(self, convention: str) -> None:
        """Switch the convention as a reader would."""
        self.pick(self.page.get_by_role("radio", name=convention, exact=True))

    def pick(self, radio: Any) -> None:
        """Click a radio button in the page itself: on a busy machine a pointer may miss one that has just moved."""
        radio.evaluate("node => node.click()")
        assert radio.is_checked()

    def slide(self, label: str, value: float) -> None:
        """Set a slider by its accessible name."""
        self.page.get_by_role("slider", name=label, exact=True).fill(str(value))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("SOFTGRAD_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium was found: install Debian's chromium, or set SOFTGRAD_CHROMIUM to its path")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def shown(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Open any page: ``shown(html, width=..., height=..., **context options)``."""
    contexts = []

    def show(text: str, width: int = 1280, height: int = 900, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin="http://localhost")
        result = Opened(context.new_page())
        result.page.on("console", lambda message: result.messages.append(message.text))
        result.page.on("pageerror", lambda error: result.messages.append(str(error)))
        result.page.on("request", lambda request: result.requests.append(request.url))
        context.route(
            "**/*",
            lambda route: (
                route.fulfill(body=text, content_type="text/html; charset=utf-8")
                if route.request.url == URL
                else route.abort()
            ),
        )
        result.page.goto(URL)
        return result

    yield show
    for context in contexts:
        context.close()


@pytest.fixture
def opened(shown: Callable[..., Opened]) -> Callable[..., Opened]:
    """Open the page of ``softgrad explain``: ``opened(convention, width=..., height=..., **context options)``."""
    return lambda convention="numpy", **options: shown(html(convention), **options)
