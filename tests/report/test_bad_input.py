"""What a study can be that nobody hopes for: the page says so, and still opens."""

import shutil

import numpy as np
import pandas as pd
import pytest
from chromium import BROWSER, look, opened
from fake_report import build, study_inputs
from fake_study import DEBLUR, PARAMS, TABLE_PARAMS, make_fake_study

from pvdbench.report.build import build_report
from pvdbench.study.table_params import TableParams

pytestmark = BROWSER
_NAME = '<script>alert("\u00fc")</script>'


def test_no_scores_yet(browser, own):
    shutil.rmtree(own.root / "data" / "scores")
    build_report(study_inputs(own))
    with opened(browser, own.root / "reports" / "index.html") as page:
        assert "No scores yet" in page.get_by_role("status").text_content()
        assert page.locator("#look").count() == 0 and page.locator("#methods ~ ul li").count() > 10
    with opened(browser, own.root / "reports" / "methods" / "deblur-mc.html") as page:
        assert "has a score under koehler: it was not scored" in page.locator(".notice").text_content()


def test_a_row_without_scores(browser, ready):
    (ready.root / "data" / "scores" / "deblur" / "sample" / "mc.csv").unlink()
    build_report(study_inputs(ready))
    with opened(browser, ready.root / "reports" / "index.html") as page:
        assert (
            page.locator("header .notice").all_text_contents()[0].startswith("MC has no scores. No frame of this row")
        )
        page.select_option("#control-protocol", "plain-rgb")
        page.wait_for_selector("text=Now under plain-rgb >> nth=2")
        assert page.locator('[data-name="sample-table2"] [data-row="mc"] td').first.text_content() == "\u2013"
        look(page)
        assert page.locator("#viewer-right option", has_text="BIMC").count() == 2


def test_one_method_and_one_clip(browser, tmp_path):
    fake = make_fake_study(tmp_path / "study", videos=1, frames=4)
    example = {"rows": ["bimc-pv"], "better": "bimc-pv", "worse": "bimc-pv", "count": 1}
    flow = {"rows": ["bimnet"], "better": "bimnet", "worse": "bimnet", "count": 1}
    rows = {"table1": {"bimnet": "BIMNet_LFN"}, "table2": {"bimc-pv": "BIMC+PV"}, "table3": {"bimc-pv": "Medium+MC"}}
    params = TableParams.model_validate(PARAMS | rows | {"figures": {"flow": flow, "deblur": example, "bins": 2}})
    build(fake, params=params)
    with opened(browser, fake.root / "reports" / "index.html") as page:
        told = page.locator(".answer").text_content()
        assert "which of one way to deblur" in told and "(no interval, 1 clip)" in told
        page.select_option("#control-protocol", "plain-rgb")
        page.wait_for_selector("text=Now under plain-rgb >> nth=2")
        assert page.locator('[data-name="sample-table2"] [data-row="bimc-pv"] small').count() == 0
        look(page)
        for key in ("blur", "frames", "pair", "cost", "lens"):
            page.locator(f"#plot-{key}").scroll_into_view_if_needed()
            page.locator(f"#plot-{key} .uplot").wait_for()


@pytest.fixture
def strange(ready):
    """One row with a name and a label that would be code in a careless page; its files lie under that name."""
    params = PARAMS | {
        "table2": {n: label for n, label in PARAMS["table2"].items() if n != "mc"} | {"m\u00fc<'\"&#?%": _NAME}
    }
    figures = params["figures"] | {"deblur": params["figures"]["deblur"] | {"rows": ["input", "bimc-pv"]}}
    for folder in ("deblur", "scores/deblur", "cost/deblur", "complexity/deblur"):
        for path in (ready.root / "data" / folder / "sample").glob("mc*"):
            if path.name.partition(".")[0] == "mc":
                renamed = path.rename(path.with_name(path.name.replace("mc", "m\u00fc<'\"&#?%", 1)))
                if folder.startswith("scores"):
                    table = pd.read_csv(renamed, dtype={"frame": str}).assign(method="m\u00fc<'\"&#?%")
                    table.to_csv(renamed, index=False)
    return ready, TableParams.model_validate(params | {"figures": figures})


def test_names_that_would_be_code(browser, strange):
    study, params = strange
    build(study, params=params)
    with opened(browser, study.root / "reports" / "index.html") as page:
        page.on("dialog", lambda dialog: pytest.fail("the name ran"))
        assert page.locator('[data-name="sample-table2"] tbody th', has_text="alert").text_content() == _NAME
        look(page)
        page.select_option("#viewer-right", label=_NAME)
        page.get_by_text("Worst frames of <script>").wait_for()
        page.wait_for_function("() => document.querySelector('#comparison .view:not(.above) img').naturalWidth > 0")
        page.locator("#plot-blur").scroll_into_view_if_needed()
        page.locator("#plot-blur .uplot").wait_for()
        page.locator("#methods ~ ul a", has_text="alert").press("Enter")  # plots above it may still make room
        page.wait_for_url("**/methods/*.html")
        assert page.locator("h1").text_content() == _NAME and page.locator(".frames img").count() == 8
        for image in page.query_selector_all(".frames img"):
            image.scroll_into_view_if_needed()
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image)


def test_missing_frames_are_said_and_not_asked_for(browser, ready):
    for frame in ready.frames:
        (ready.root / "data" / "deblur" / "sample" / "mc" / "clip1" / f"{frame}.png").unlink()
    build_report(study_inputs(ready))
    with opened(browser, ready.root / "reports" / "index.html") as page:
        look(page)
        page.select_option("#viewer-clip", "1")
        page.select_option("#viewer-right", "mc")
        assert page.locator("#comparison .gone").first.text_content() == "not on disk"
        assert page.locator("#comparison .gone").first.is_visible()
        page.select_option("#viewer-clip", "0")
        page.wait_for_function("() => document.querySelector('#comparison .view:not(.above) img').naturalWidth > 0")


def test_frames_without_room_are_said_and_not_asked_for(browser, ready):
    figures = TABLE_PARAMS.figures.model_copy(
        update={"viewer_megabytes": 0.03}
    )  # the smallest that params.yaml takes is 1
    build_report(study_inputs(ready, params=TABLE_PARAMS.model_copy(update={"figures": figures})))
    images = ready.root / "reports" / "assets" / "images" / "sample"
    shown = {path.stem for path in images.glob("deblur-mc/clip1/*.webp")}
    gone = min(number for number, frame in enumerate(ready.frames) if frame not in shown)
    with opened(browser, ready.root / "reports" / "index.html") as page:
        look(page)
        page.select_option("#viewer-clip", "1")
        page.eval_on_selector("#viewer-frame", "(f, n) => { f.value = n; f.dispatchEvent(new Event('input')); }", gone)
        assert page.locator("#comparison .gone").first.text_content() == "left out of this report"
        assert "kept to 0.03 MB" in page.locator("#viewer-note").text_content()
        assert page.locator("#thumbnails .png:visible").count() == len(DEBLUR) + 4
    with opened(browser, ready.root / "reports" / "methods" / "deblur-mc.html") as page:
        hashes = page.eval_on_selector_all(".frames a", "links => links.map(link => decodeURIComponent(link.hash))")
        there = [(images / "deblur-mc" / "/".join(h.split("/")[3:5])).with_suffix(".webp").is_file() for h in hashes]
        assert page.locator(".frames img").count() == sum(there) < len(there) == 8


def test_identical_frames(browser, ready):
    path = ready.root / "data" / "scores" / "deblur" / "sample" / "mc.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    table.loc[table["video"] == "clip0", "psnr_db"] = np.inf
    table.to_csv(path, index=False)
    build(ready)
    with opened(browser, ready.root / "reports" / "index.html") as page:
        cell = page.locator('[data-name="sample-table2"] [data-row="mc"] td').first
        before = cell.inner_html()
        assert "7 identical" in before
        page.select_option("#control-protocol", "plain-rgb")
        page.wait_for_selector("text=Now under plain-rgb >> nth=2")
        assert "8 identical" in cell.inner_html()
        page.select_option("#control-protocol", "koehler")
        page.wait_for_function("() => [...document.querySelectorAll('[data-notice]')].every(p => p.hidden)")
        assert cell.inner_html() == before
        look(page)
        page.select_option("#viewer-clip", "0")
        page.locator("#thumbnails figure", has=page.get_by_role("button", name="MC", exact=True)).get_by_text(
            "identical"
        ).wait_for()
        page.locator("#plot-frames").scroll_into_view_if_needed()
        page.locator("#plot-frames .uplot").wait_for()
