"""The report in Chromium, from disk: what it shows, how it is used, and that nothing goes wrong or outside."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chromium import BROWSER, look, opened
from fake_report import study_inputs
from fake_study import DEBLUR, MOTION, PROTOCOLS, RANKING, SIZES, TABLE_PARAMS

from pvdbench.analysis import intervals
from pvdbench.analysis.ranks import RANK_GROUPS, Ranking
from pvdbench.analysis.scores import group_mean, read_scores
from pvdbench.io.cost import read_complexity
from pvdbench.report import numbers
from pvdbench.report.build import build_report
from pvdbench.report.numbers import ProtocolScores
from pvdbench.report.single_file import LIMIT, build_single_file
from pvdbench.scoring.protocol import Metric

pytestmark = BROWSER


def table(page, name):
    """Rows of a table as (label, cells as the text before what is small beneath, their bounds)."""
    return page.eval_on_selector(
        f'table[data-name="sample-{name}"]',
        """table => [...table.tBodies[0].rows].filter(row => !row.hidden).map(row => [...row.cells].filter(
        cell => !cell.hidden).map(cell => [cell.firstChild?.textContent ?? "",
        cell.querySelector("small")?.textContent ?? "", cell.className]))""",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_opens_from_disk(browser, report, width, scheme):
    with opened(browser, report / "index.html", width=width, scheme=scheme) as page:
        for selector in ("#look", "#filmstrips", *(f"#plot-{key}" for key in _PLOTS)):
            page.locator(selector).scroll_into_view_if_needed()
        page.wait_for_function("() => document.querySelectorAll('.uplot').length === 8")
        for image in page.query_selector_all("img:visible"):
            image.scroll_into_view_if_needed()
            page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image)
        assert page.evaluate("document.documentElement.scrollWidth") == width  # wide tables scroll by themselves
        for name in ("table1", "table2", "table3", "section44", "ranks-deblur", "lens", "quantiles", "clips-deblur"):
            assert page.locator(f'table[data-name="sample-{name}"]').is_visible()
        names = page.eval_on_selector_all("table[data-name]", "tables => tables.map(table => table.dataset.name)")
        assert len(names) == len(set(names)) > 10
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")


_PLOTS = ("blur", "frames", "pair", "cost", "lens", "error", "volume", "training")


def _choose(page, protocol, percent):
    """Set the controls, and wait until every table that follows them has its numbers."""
    page.select_option("#control-protocol", protocol)
    page.select_option("#control-percent", f"{percent:g}")
    if (protocol, percent) == ("koehler", 10):
        page.wait_for_function("() => [...document.querySelectorAll('[data-notice]')].every(p => p.hidden)")
        return
    page.wait_for_function(
        """([protocol, percent]) => {
          const notices = [...document.querySelectorAll("[data-notice]")].filter(p => !p.closest("[hidden]"));
          const start = `Now under ${protocol}, which counts`;
          return notices.length > 10 && notices.every(
            p => !p.hidden && p.textContent.startsWith(start) && p.textContent.includes(`${percent} %`));
        }""",
        arg=[protocol, percent],
    )


_SHOWN = ("psnr_db", 2), ("ssim", 3)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tables_equal_the_score_files_under_any_protocol_and_percentage(page, built, protocol):
    assert page.locator("#control-percent option").all_text_contents() == ["5", "10", "20", "50"]
    _choose(page, "luma-y" if protocol != "luma-y" else "crop-4", 50)  # so that every cell is looked up
    for percent in TABLE_PARAMS.percent_choices:
        _choose(page, protocol, percent)
        motion, deblur = (
            read_scores(built.root, task, "sample", labels, protocol=protocol, percent=percent)
            for task, labels in (("motion", MOTION), ("deblur", TABLE_PARAMS.deblur_labels))
        )
        own = (protocol, percent) == ("koehler", 10)
        _check_paper_tables(page, built, motion, deblur, compared=own)
        _check_ranks(page, "deblur", TABLE_PARAMS.deblur_labels, deblur)
        _check_ranks(page, "motion", MOTION, motion)
    _check_curves(page, deblur)


def _check_paper_tables(page, built, motion, deblur, *, compared):
    tables = (("table1", motion, MOTION), ("table2", deblur, DEBLUR), ("table3", deblur, SIZES))
    for name, scores, labels in tables:
        rows = _rows(page, name)
        for row in labels:
            cells = iter(rows[row])
            for group in ("all",) if name == "table3" else ("all", "sharpest", "blurriest"):
                for quantity, digits in _SHOWN:
                    mean = group_mean(scores[row], group, quantity)
                    assert next(cells) == _told(mean, digits), (row, group, quantity)
            for quantity in ("epe_px", "epe_visible_px") if name == "table1" else ():
                known = scores[row][scores[row][quantity].notna()]
                assert next(cells) == _told(intervals.mean(known[quantity], known["video"]), 2), row
            _check_what_is_not_measured(built, name, row, labels[row], list(cells), compared=compared)


def _check_ranks(page, task, labels, scores):
    """Ranks, places and paired differences against those that analysis makes one by one."""
    ranking = Ranking(task, labels, scores)
    ranks = _rows(page, f"ranks-{task}")
    assert list(ranks) == sorted(labels, key=lambda row: ranking.means[row, "all"].mean, reverse=True)
    for row in labels:
        wanted = []
        for group in RANK_GROUPS:
            first, last = ranking.places(row, group)
            places = f"{first}" if first == last else f"{first} to {last}"
            wanted += [_told(ranking.means[row, group], 2), [f"{first}", ""], [places, ""]]
        assert ranks[row] == wanted, row
    for group in RANK_GROUPS:
        rows = _rows(page, f"differences-{task}-{group}")
        for row in labels:
            gains = [ranking.differences.get((group, row, other)) for other in labels]
            assert rows[row] == [_told_gain(gain) for gain in gains], (group, row)


def _check_curves(page, deblur):
    tenths, clips = _rows(page, "quantiles"), _rows(page, "clips-deblur")
    for row, frames in deblur.items():
        parts = [frames[frames["tenth"] == tenth] for tenth in range(10)]
        means = [intervals.mean(part["psnr_db"], part["video"]) for part in parts]
        assert tenths[row] == [_told(mean, 2) for mean in means]
        assert clips[row] == [[f"{clip.mean():.2f}", ""] for _, clip in frames.groupby("video")["psnr_db"]]


def _told(mean, digits):
    """A mean as the page prints it; nothing beneath where there is no interval."""
    if math.isnan(mean.mean):
        return ["\u2013", ""]
    bounds = "" if math.isnan(mean.low) else f"{mean.low:.{digits}f}\u2013{mean.high:.{digits}f}"
    return [text.replace("-", "\u2212") for text in (f"{mean.mean:.{digits}f}", bounds)]


def _told_gain(gain):
    if gain is None:
        return ["\u2013", ""]
    mean, low, high = (_number(value, 2, "+") for value in (gain.mean, gain.low, gain.high))
    return [mean, f"{low} to {high}"]


def _check_what_is_not_measured(built, name, row, label, cells, *, compared):
    """Costs, the paper's numbers and differences from them, against cost file, data/published and the table's CSV."""
    paper = pd.read_csv(built.root / "data" / "published" / f"{name}.csv").set_index("method")
    written = pd.read_csv(built.root / "reports" / "tables" / f"sample-{name}.csv").set_index("label").loc[label]
    wanted = []
    if name == "table3":
        cost = json.loads((built.root / "data" / "cost" / "deblur" / "sample" / f"{row}.json").read_text())
        complexity = read_complexity(built.root / "data" / "complexity" / "deblur" / "sample" / f"{row}.json")
        parts = [complexity.parameters.get(part, math.nan) / 1e6 for part in ("deblur", "motion")]
        total = math.nan if all(map(math.isnan, parts)) else sum(part for part in parts if part == part)
        wanted = [(total, 3), *((part, 3) for part in parts), (cost["milliseconds_median"], 1)]
        keys = ("psnr_db", "ssim", "params_total_m", "params_pvdnet_m", "params_bimnet_m")
        digits = (2, 3, 1, 1, 1)
    else:
        keys = [f"{q}_{group}" for group in ("all", "sharpest10", "blurriest10") for q in ("psnr_db", "ssim")]
        digits = (2, 3) * 3
    wanted += [(paper[key].get(label, math.nan), count) for key, count in zip(keys, digits, strict=True)]
    assert [cell[0] for cell in cells[: len(wanted)]] == [_number(*one) for one in wanted], (name, row)
    differences = [key for key in written.index if re.fullmatch("difference_db_(all|sharpest|blurriest)", key)]
    told = [_number(written[key] if compared else math.nan, 2, "+") for key in differences]
    assert [cell[0] for cell in cells[len(wanted) :]] == told and len(told) == (1 if name == "table3" else 3)


def _number(value, digits, sign=""):
    if math.isnan(value):
        return "\u2013"
    text = f"{value:{sign}.{digits}f}"
    return text.replace("-", "\u2212") if float(text) else text.lstrip("+-")


def _rows(page, name):
    """Row name to its cells as (text, what is small beneath), in the order of the page."""
    return dict(
        page.eval_on_selector(
            f'table[data-name="sample-{name}"]',
            """table => [...table.querySelectorAll("[data-row]")].map(row => [row.dataset.row,
            [...row.cells].slice(1).map(cell =>
            [cell.firstChild?.textContent ?? "", cell.querySelector("small")?.textContent ?? ""])])""",
        )
    )


def test_what_python_wrote_is_what_the_page_looks_up(page):
    ranks = ("ranks-{}", "differences-{}-all", "differences-{}-blurriest", "clips-{}")
    both = [name.format(task) for task in ("deblur", "motion") for name in ranks]
    names = ("table1", "table2", "table3", "cost", "quantiles", *both)
    written = [table(page, name) for name in names]
    page.select_option("#control-protocol", "plain-rgb")
    _choose(page, "plain-rgb", 10)
    assert all(table(page, name) != cells for name, cells in zip(names, written, strict=True))
    _choose(page, "koehler", 10)
    for name, cells in zip(names, written, strict=True):
        assert [[c[:2] for c in row] for row in table(page, name)] == [[c[:2] for c in row] for row in cells]
        marks = [[{"best", "second"} & set(c[2].split()) for c in row] for row in table(page, name)]
        assert marks == [[{"best", "second"} & set(c[2].split()) for c in row] for row in cells]


def test_an_upper_bound_earns_no_mark_under_another_protocol(page):
    def best(column=1):
        return [row[0][0] for row in table(page, "table2") if row[column][2].split()[:1] == ["best"]]

    page.select_option("#control-protocol", "plain-rgb")
    page.wait_for_selector("text=Now under plain-rgb, which counts >> nth=2")
    (first,) = best()
    page.eval_on_selector_all('table[data-name="sample-table2"] tbody tr', """(rows, name) => rows.forEach((row) => {
        if (row.cells[0].firstChild?.textContent === name) row.dataset.bound = ""; })""", first)  # fmt: skip
    page.select_option("#control-protocol", "koehler")
    page.select_option("#control-protocol", "plain-rgb")
    page.wait_for_selector("text=Now under plain-rgb, which counts >> nth=2")
    assert best() and first not in best()


def test_a_jump_lands_on_its_heading(page):
    for name in ("Viewer", "Clip by clip", "The paper's tables"):  # past tables that get their tools on the way
        page.locator("header nav").get_by_role("link", name=name, exact=True).evaluate("link => link.click()")
        page.wait_for_timeout(800)
        heading = page.get_by_role("heading", level=2, name=name).first.bounding_box()
        bar = page.locator("#controls").bounding_box()
        assert bar["y"] + bar["height"] <= heading["y"] < 250, name


def test_a_protocol_without_ssim_leaves_those_cells_empty(page):
    page.select_option("#control-protocol", "step-gain")
    page.wait_for_selector("text=Now under step-gain >> nth=2")
    for cells in table(page, "table2"):
        assert cells[2][0] == "\u2013" and cells[2][2] == ""


def _with_nrmse(inputs):
    """The same inputs with a protocol that has a metric of its own, of which lower is better."""
    parts = []
    for part in inputs.numbers:
        values = pd.DataFrame(
            {row: np.linspace(0.09, 0.01, len(part.frames)) / (1 + number) for number, row in enumerate(part.rows)},
            index=part.blurriness.index,
        )
        own = ProtocolScores(part.protocols["plain-rgb"].counted, {"nrmse": values})
        parts.append(replace(part, protocols={**part.protocols, "by-range": own}))
    inputs.__dict__["numbers"] = tuple(parts)  # a cached property
    return inputs


def test_another_metric_appears_by_its_description_alone(browser, ready, monkeypatch):
    known = numbers.metrics() | {"nrmse": Metric("nrmse", "NRMSE", "", "lower", 4)}
    monkeypatch.setattr(numbers, "metrics", lambda: known)
    inputs = _with_nrmse(study_inputs(ready))
    build_report(inputs)
    part = inputs.numbers[0]
    values = part.protocols["by-range"].metrics["nrmse"]
    videos = pd.Series(values.index.get_level_values(0), index=values.index)
    with opened(browser, ready.root / "reports" / "index.html") as page:
        page.select_option("#control-protocol", "by-range")
        heads = page.locator('table[data-name="sample-protocol-metrics-deblur"] thead tr').last.locator("th")
        page.locator('table[data-name="sample-protocol-metrics-deblur"] thead').get_by_text("NRMSE").first.wait_for()
        assert heads.all_text_contents() == ["NRMSE", "NRMSE", "NRMSE"]
        for row, cells in _rows(page, "protocol-metrics-deblur").items():
            assert cells[0] == _told(intervals.mean(values[row], videos), 4)
        best = page.locator('[data-name="sample-protocol-metrics-deblur"] td.best').first
        assert best.text_content().startswith(f"{values[part.rows[-1]].mean():.4f}")
        page.wait_for_function("() => document.querySelector('#control-status').textContent.startsWith('by-range')")
        assert {cells[0][0] for cells in _rows(page, "table2").values()} == {"\u2013"}
        tools = page.locator('.tools:has(+ .scroll table[data-name="sample-protocol-metrics-deblur"])')
        with page.expect_download() as download:
            tools.get_by_text("Download", exact=True).click()
        copied = pd.read_csv(download.value.path(), index_col=0)
        assert copied.columns[0] == "Entire test set NRMSE" and len(copied) == len(part.rows)
        look(page)
        page.get_by_text("Worst frames of").wait_for()
        shown = page.locator(".filmstrip").first.locator("b").all_text_contents()
        worst = values[page.input_value("#viewer-right")].sort_values(ascending=False, kind="stable")
        assert shown == [f"{value:.4f}" for value in worst.head(8)]
        for key in ("blur", "frames", "pair", "cost"):
            page.locator(f"#plot-{key}").scroll_into_view_if_needed()
            page.locator(f"#plot-{key} .uplot").wait_for()
            options = page.locator(f'#plot-{key} [data-choice="Metric"] option')
            assert options.all_text_contents() == ["NRMSE"]
        page.get_by_text("below the line").wait_for()


def test_one_group_of_frames_at_a_time(page):
    page.select_option("#control-group", "blurriest")
    page.wait_for_function(
        "() => document.querySelector('table[data-name=sample-table2]').rows[2].querySelector('[hidden]')"
    )
    heads = page.eval_on_selector_all(
        'table[data-name="sample-table2"] thead tr:nth-child(2) th:not([hidden])',
        "heads => heads.map(h => h.textContent)",
    )
    assert heads == ["Blurriest 10 %", "Blurriest 10 %", "PSNR (dB)"]
    assert {len(cells) for cells in table(page, "table2")} == {6}
    page.select_option("#control-group", "")
    assert {len(cells) for cells in table(page, "table2")} == {16}


def test_sorting_by_a_column(page):
    box = page.locator('table[data-name="sample-clips-deblur"]')
    box.scroll_into_view_if_needed()
    head = box.locator("thead tr").last.locator("th").nth(1)
    before = table(page, "clips-deblur")
    head.locator("button").click()
    values = [float(cells[2][0]) for cells in table(page, "clips-deblur")]
    assert values == sorted(values, reverse=True) and head.get_attribute("aria-sort") == "descending"
    head.locator("button").press("Enter")
    values = [float(cells[2][0]) for cells in table(page, "clips-deblur")]
    assert values == sorted(values) and head.get_attribute("aria-sort") == "ascending"
    head.locator("button").click()
    assert table(page, "clips-deblur") == before


def test_searching_rows_and_hiding_columns(page):
    tools = page.locator('.tools:has(+ .scroll table[data-name="sample-table2"])')
    page.locator('table[data-name="sample-table2"]').scroll_into_view_if_needed()
    tools.locator("input[type=search]").fill("bimc")
    assert [cells[0][0] for cells in table(page, "table2")] == ["BIMC", "BIMC+PV"]
    tools.locator("summary").click()
    tools.get_by_label("Measured on sample, Entire test set, PSNR (dB)").uncheck()
    tools.get_by_label("Measured on sample, Entire test set, SSIM").uncheck()
    assert {len(cells) for cells in table(page, "table2")} == {14}
    spans = page.eval_on_selector_all(
        'table[data-name="sample-table2"] thead tr:first-child th:not([hidden])', "heads => heads.map(h => h.colSpan)"
    )
    assert spans == [4, 6, 3]


def test_copying_and_downloading(page, report, monkeypatch):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator('table[data-name="sample-table2"]').scroll_into_view_if_needed()
    tools = page.locator('.tools:has(+ .scroll table[data-name="sample-table2"])')
    tools.get_by_text("LaTeX", exact=True).click()
    tools.get_by_text("copied").wait_for()
    python = (report / "tables" / "sample-table2.tex").read_text()
    copied = page.evaluate("navigator.clipboard.readText()")
    inside = re.compile(r"\\begin\{tabular\}.*\\end\{tabular\}", re.DOTALL)
    assert inside.search(copied)[0].split() == inside.search(python)[0].split()
    tools.get_by_text("Markdown", exact=True).click()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    wanted = [line for line in (report / "tables" / "sample-table2.md").read_text().splitlines() if "**" in line]
    assert [_plain(line) for line in lines if "**" in line] == [_plain(line) for line in wanted]
    with page.expect_download() as download:
        tools.get_by_text("Download", exact=True).click()
    measured = pd.read_csv(download.value.path(), index_col=0)
    exact = pd.read_csv(report / "tables" / "sample-table2.csv").set_index("label")
    for label, cell in measured["Measured on sample Entire test set PSNR (dB)"].items():
        assert float(cell.split(" ")[0]) == round(exact.psnr_db_all[label], 2)


def _plain(line):
    return re.sub(r"(?:[,\u2013]| to)\s*", " ", line.replace("<ins>", "").replace("</ins>", ""))


def test_every_score_file_can_be_downloaded(page, built):
    links = page.eval_on_selector_all("#scores ~ ul a", "links => links.map(link => link.href)")
    files = sorted((built.root / "data" / "scores").rglob("*.csv"))
    assert len(links) == len(files) == len(TABLE_PARAMS.deblur_labels) + len(MOTION) + 1  # and the volume
    with page.expect_download() as download:
        page.locator("#scores ~ ul a", has_text="deblur/sample/mc-e2e-pv.csv").click()
    assert download.value.path().read_bytes() == (built.root / "data/scores/deblur/sample/mc-e2e-pv.csv").read_bytes()


def test_a_method_page(browser, report):
    with opened(browser, report / "methods" / "deblur-mc-pv.html", width=390) as page:
        assert page.locator("h1").text_content() == "MC+PV"
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        table = page.locator("table")
        assert [row.split()[0] for row in table.locator("tbody tr").all_inner_texts()] == ["clip0", "clip1", "clip2"]
        table.get_by_text("PSNR (dB)").click()
        values = [float(text) for text in table.locator("tbody td:nth-child(4)").all_text_contents()]
        assert values == sorted(values, reverse=True)
        assert page.locator(".curve polyline").count() == 2
        worst = page.locator(".frames").first.locator("a").first
        told = worst.text_content().strip()
        worst.click()
        page.wait_for_function("told => document.getElementById('viewer-name')?.textContent.startsWith(told)", arg=told)
        assert page.input_value("#viewer-right") == "mc-pv"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation_of_accessibility(browser, report, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    for name in ("index.html", "methods/deblur-bimc-pv.html"):
        with opened(browser, report / name, scheme=scheme) as page:
            if name == "index.html":
                look(page)
                for key in _PLOTS:
                    page.locator(f"#plot-{key}").scroll_into_view_if_needed()
                page.wait_for_function("() => document.querySelectorAll('.uplot').length === 8")
            found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == []


def test_the_single_file_needs_no_other(browser, built, tmp_path):
    out = tmp_path / "alone" / "report.html"
    build_single_file(study_inputs(built), out)
    assert out.stat().st_size < LIMIT and [path.name for path in out.parent.iterdir()] == ["report.html"]
    first = out.read_bytes()
    build_single_file(study_inputs(built), out)
    assert out.read_bytes() == first
    with opened(browser, out) as page:
        page.select_option("#control-protocol", "plain-rgb")
        page.wait_for_selector("text=Now under plain-rgb >> nth=2")
        look(page)
        page.wait_for_function(
            "() => [...document.querySelectorAll('#thumbnails img')].some(image => image.naturalWidth > 0)"
        )
        page.locator("#methods").scroll_into_view_if_needed()
        page.locator("details.method summary", has_text="MC+PV").first.click()
        assert page.get_by_text("deblur.mc-pv", exact=True).is_visible()


def test_infinities_are_said(page):
    assert page.evaluate("pvdbench.format.decimal(Infinity, 2)") == "identical"
    assert RANKING in page.locator("#control-protocol").text_content()
