"""Debian's chromium for tests that open a report from disk: a page may not complain, nor ask for what is elsewhere."""

import shutil
from contextlib import contextmanager

import pytest

BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium in PATH; `apt-get install chromium`"),
]
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def launched():
    """Chromium, started."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def opened(browser, path, *, width=1280, scheme="light"):
    """A page that must not complain, fail to load anything, or ask for anything outside its folder."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    troubles, requests = [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    # What a click leaves behind is aborted: pictures that still load, downloads.
    page.on("requestfailed", lambda it: troubles.extend([it.url] * (it.failure != "net::ERR_ABORTED")))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    folder = path.parents[path.parent.name == "methods"].as_uri() + "/"
    assert troubles == []
    assert [url for url in requests if not url.startswith((folder, "data:", "blob:"))] == []
    context.close()


def look(page):
    """The viewer, open."""
    page.locator("#look").scroll_into_view_if_needed()
    page.wait_for_selector("#thumbnails figure")
    page.locator("#comparison").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('viewer-name').textContent !== ''")
