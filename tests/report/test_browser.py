"""The report in Chromium, from disk: no error, no request outside its folder, readable on a screen and on a phone."""

import shutil

import pytest
from fake_study import RANKING, TABLE_PARAMS

from pvdbench.report.build import build_report
from pvdbench.tables.build import build_tables
from pvdbench.tables.figures import build_figures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium in PATH; `apt-get install chromium`"),
]
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def report(fake):
    where = {"study": fake.root, "root": fake.root, "datasets": [fake.dataset]}
    build_tables(**where, params=TABLE_PARAMS, ranking=RANKING)
    build_figures(**where, params=TABLE_PARAMS, ranking=RANKING)
    build_report(**where, train=fake.dataset)
    return fake.root / "reports"


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_opens_from_disk(browser, report, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    troubles, requests = [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((report / "index.html").as_uri())
    for image in page.query_selector_all("img"):
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete", arg=image)
    assert troubles == []
    assert all(url.startswith(report.as_uri() + "/") for url in requests)
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth") == width  # wide tables scroll by themselves
    for name in ("table1", "table2", "table3", "section44", "ranks-deblur", "differences-motion-blurriest", "lens",
                 "steps", "quantiles", "temporal", "clips-deblur"):  # fmt: skip
        assert page.locator(f"#sample-{name} ~ .scroll table").first.is_visible()
    table = page.locator("#sample-table1 ~ .scroll").first
    assert table.evaluate("box => box.scrollWidth > box.clientWidth") == (width == 390)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    page.close()
