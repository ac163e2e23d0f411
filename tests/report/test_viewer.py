"""The viewer and the plots in Chromium: mouse, keyboard, scores beside the pictures, two data sets."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
from chromium import BROWSER, look, opened
from fake_report import study_inputs
from fake_study import DEBLUR, MOTION, RANKING, TABLE_PARAMS

from pvdbench.analysis.scores import group_mean, read_scores
from pvdbench.figures.build import build_figures
from pvdbench.io.tables import MANIFEST, write_table
from pvdbench.report.build import build_report
from pvdbench.tables.build import build_tables

pytestmark = BROWSER


def test_the_viewer_by_mouse(page):
    look(page)
    line = page.locator(".divider")
    line.scroll_into_view_if_needed()
    box, stage = line.bounding_box(), page.locator("#comparison").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 4, box["y"] + 20, steps=4)
    page.mouse.up()
    assert abs(float(line.get_attribute("aria-valuenow")) - 25) <= 1
    assert re.search(
        r"7[456][.\d]*%|calc\(100% - 2[456]", page.eval_on_selector(".above", "e => getComputedStyle(e).clipPath")
    )
    page.mouse.wheel(0, -300)  # the line has the focus, so this zooms
    page.wait_for_function("() => document.getElementById('viewer-reset').textContent !== '1\u00d7'")
    places = page.eval_on_selector_all(
        ".pan",
        """pans => pans.filter(pan => pan.offsetHeight).map(pan => {
          const matrix = new DOMMatrix(getComputedStyle(pan).transform);
          return [matrix.a, matrix.e / pan.offsetWidth, matrix.f / pan.offsetHeight].map(v => v.toFixed(2)).join();
        })""",
    )
    assert len(places) == len(DEBLUR) + 4 and len(set(places)) == 1  # all pictures zoom as one
    page.locator("#viewer-reset").click()
    assert page.locator("#viewer-reset").text_content() == "1\u00d7"


def test_the_viewer_by_keyboard(page, built):
    look(page)
    page.select_option("#viewer-clip", "1")
    page.locator("#comparison").focus()
    for _ in range(len(built.frames)):
        page.keyboard.press("ArrowLeft")
    assert page.locator("#viewer-name").text_content() == "clip1, frame 00000 (1 of 8)"
    page.keyboard.press("ArrowRight")
    assert "frame 00001" in page.locator("#viewer-name").text_content()
    page.keyboard.press("3")
    assert page.input_value("#viewer-right") == "baseline"
    page.keyboard.press("Shift+Digit5")
    assert page.input_value("#viewer-left") == "bimc"
    page.keyboard.press("ArrowDown")
    assert "clip2, frame 00001" in page.locator("#viewer-name").text_content()
    assert page.eval_on_selector(".above img", "image => decodeURI(image.src)").endswith("deblur-bimc/clip2/00001.webp")
    page.locator(".divider").focus()
    page.keyboard.press("Home")
    assert page.locator(".divider").get_attribute("aria-valuenow") == "0"
    assert "frame 00001" in page.locator("#viewer-name").text_content()


def test_the_viewer_tells_scores_and_strips_from_the_score_files(page, built):
    look(page)
    page.select_option("#viewer-clip", "0")
    page.locator("#comparison").focus()
    page.keyboard.press("Control+Home")
    page.eval_on_selector("#viewer-frame", "frame => { frame.value = 3; frame.dispatchEvent(new Event('input')); }")
    scores = pd.read_csv(built.root / "data/scores/deblur/sample/mc.csv", dtype={"frame": str})
    mine = scores[(scores.protocol == "koehler") & scores.counted]
    value = mine[(mine.video == "clip0") & (mine.frame == "00003")].psnr_db.item()
    page.locator("#thumbnails figure", has=page.get_by_role("button", name="MC", exact=True)).get_by_text(
        f"{value:.2f} dB"
    ).wait_for()
    page.select_option("#viewer-right", "mc")
    page.select_option("#viewer-left", "input")
    page.get_by_text("Worst frames of MC").wait_for()
    worst = mine.sort_values("psnr_db").head(8)
    strips = page.locator(".filmstrip")
    assert strips.nth(0).locator("b").all_text_contents() == [f"{v:.2f} dB" for v in worst.psnr_db]
    other = pd.read_csv(built.root / "data/scores/deblur/sample/input.csv", dtype={"frame": str})
    pairs = mine.merge(other, on=["video", "frame", "protocol"])
    gaps = (pairs.psnr_db_x - pairs.psnr_db_y).sort_values(key=np.abs, ascending=False).head(8)
    shown = strips.nth(1).locator("b").all_text_contents()
    assert shown == [f"{v:+.2f} dB".replace("-", "\u2212") for v in gaps]
    strips.nth(0).locator("button").first.click()
    assert f"{worst.video.iloc[0]}, frame {worst.frame.iloc[0]}" in page.locator("#viewer-name").text_content()


def test_difference_flow_and_boxes(page):
    look(page)
    page.select_option("#viewer-view", "difference")
    assert page.eval_on_selector(".above", "e => getComputedStyle(e).mixBlendMode") == "difference"
    page.select_option("#viewer-view", "slider")
    page.select_option("#viewer-kind", "flow")
    page.eval_on_selector("#viewer-frame", "frame => { frame.value = 2; frame.dispatchEvent(new Event('input')); }")
    page.get_by_text("Colour is direction").wait_for()
    assert page.locator("#thumbnails figure").count() == len(MOTION) + 1  # and the true flow
    page.eval_on_selector("#viewer-frame", "frame => { frame.value = 0; frame.dispatchEvent(new Event('input')); }")
    page.get_by_text("a clip's first has none").wait_for()
    assert page.locator("#thumbnails .gone:visible").count() == len(MOTION) + 1
    page.select_option("#viewer-kind", "deblur")
    assert page.locator("#thumbnails .crop:visible").count() == 2 * (
        len(DEBLUR) + 2
    )  # no frames of Small and Small+MC are on disk
    before = page.locator("#comparison .mark.box0").first.get_attribute("style")
    stage = page.locator("#comparison").bounding_box()
    page.mouse.dblclick(stage["x"] + 5, stage["y"] + 5)
    page.mouse.dblclick(stage["x"] + stage["width"] - 5, stage["y"] + stage["height"] - 5)
    assert page.locator("#comparison .mark.box0").first.get_attribute("style") != before
    assert page.locator("#magnified .crop:visible").count() == 6  # left, right, truth
    page.locator("#viewer-boxes").uncheck()
    assert page.locator(".crop:visible").count() == 0


def test_plots_follow_the_controls_and_lead_to_frames(page):
    figure = page.locator("#plot-pair")
    figure.scroll_into_view_if_needed()
    figure.locator(".uplot").wait_for()
    figure.locator("canvas").scroll_into_view_if_needed()
    figure.locator("select").nth(3).select_option("mc-pv")
    figure.get_by_text("above the line MC+PV is better").wait_for()
    assert "koehler" in figure.locator("figcaption").text_content()
    page.select_option("#control-protocol", "crop-4")
    figure.get_by_text("crop-4; one dot per frame").wait_for()
    over = figure.locator(".u-over")
    box = over.bounding_box()
    for step in range(8, 40):
        page.mouse.move(box["x"] + box["width"] * step / 40, box["y"] + box["height"] * (1 - step / 40))
        if figure.locator(".tip").is_visible():
            break
    told = figure.locator(".tip b").text_content()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("told => document.getElementById('viewer-name').textContent.startsWith(told)", arg=told)
    assert page.input_value("#viewer-right") == "mc-pv"


def _second_data_set(study):
    """The same study measured on a copy of its data set that lacks the last clip."""
    data = study.root / "data"
    shutil.copytree(data / "sample", data / "second")
    manifest = pd.read_csv(data / "second" / "manifest.csv", dtype={"frame": str})
    write_table(data / "second" / "manifest.csv", manifest[manifest.video != "clip2"], MANIFEST)
    for folder in [path for path in data.glob("*/sample") if path.parent.name in ("deblur", "motion")] + [
        *data.glob("cost/*/sample"),
        *data.glob("complexity/*/sample"),
        *data.glob("scores/*/sample"),
        data / "truth" / "sample",
    ]:
        shutil.copytree(folder, folder.with_name("second"))
    for path in [*data.glob("scores/*/second/*.csv"), data / "scores" / "volume" / "sample.csv"]:
        table = pd.read_csv(path, dtype={"frame": str})
        table = table[table["video"] != "clip2"].assign(dataset="second")
        write_table(path if "second" in path.parts else path.with_name("second.csv"), table, tuple(table.columns))


_SWITCH = """() => new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-notice="sample-table1"]')) return;
  observer.disconnect();
  const control = document.querySelector("#control-dataset");
  control.value = "second";
  control.dispatchEvent(new Event("change"));
}).observe(document.body, { childList: true, subtree: true })"""


def test_two_data_sets_one_at_a_time(browser, ready):
    _second_data_set(ready)
    where = {"study": ready.root, "root": ready.root, "datasets": ["sample", "second"]}
    build_tables(**where, params=TABLE_PARAMS, ranking=RANKING)
    build_figures(**where, params=TABLE_PARAMS, ranking=RANKING)
    build_report(replace(study_inputs(ready), datasets=["sample", "second"]))
    with opened(browser, ready.root / "reports" / "index.html") as page:
        assert page.locator("#second-tables").is_hidden() and page.locator("#sample-tables").is_visible()
        look(page)
        page.select_option("#viewer-clip", "2")
        page.evaluate(_SWITCH)  # while the tables of the first data set are being filled
        page.select_option("#control-protocol", "plain-rgb")
        page.wait_for_function("() => document.querySelector('#viewer-clip').options.length === 2")
        assert page.locator("#second-tables").is_visible() and page.locator("#sample-tables").is_hidden()
        assert page.locator(".answer:visible").count() == 1
        notices = page.locator("[data-notice]", has_text="Now under plain-rgb, which counts 16 frames")
        page.wait_for_function("() => document.querySelector('#control-status').textContent.includes('16 deblurred')")
        assert notices.and_(page.locator('[data-notice="second-table2"]')).is_visible()
        assert notices.and_(page.locator('[data-notice^="sample-"]')).count() == 0
        scores = read_scores(ready.root, "deblur", "second", DEBLUR, protocol="plain-rgb", percent=10)
        mean = group_mean(scores["mc"], "blurriest", "psnr_db")
        cell = page.locator('table[data-name="second-table2"] tr[data-row="mc"] td').nth(4)
        told = f"{mean.mean:.2f}{mean.low:.2f}\u2013{mean.high:.2f}".replace("-", "\u2212")
        assert cell.text_content() == told
        source = page.eval_on_selector(".above img", "image => image.src")
        assert "/images/second/deblur-input/" in source
