"""The report against the tables that it shows: every number, escaping, provenance, equal bytes, bad input."""

import hashlib
import json
import math
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest
from fake_report import study_inputs
from fake_study import commit

from pvdbench.analysis.findings import Finding
from pvdbench.analysis.intervals import Interval
from pvdbench.core.errors import DataError, StudyError
from pvdbench.figures.style import Picture
from pvdbench.report.build import build_report
from pvdbench.report.build import render as render_page
from pvdbench.report.page import Page, Section
from pvdbench.report.provenance import Change, DataRecord, Provenance, Stage
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.table import Column, Row, Table, psnr_column


class _Tables(HTMLParser):
    """Every table of a page as rows of (text, class, what is small beneath)."""

    def __init__(self):
        super().__init__()
        self.tables, self._cell, self._part = [], None, 0

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = ["", dict(attributes).get("class", ""), ""]
            self.tables[-1][-1].append(self._cell)
        elif tag == "small":
            self._part = 2

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._cell = None
        elif tag == "small":
            self._part = 0

    def handle_data(self, data):
        if self._cell is not None:
            self._cell[self._part] += data


def _text(study):
    return (study.root / "reports" / "index.html").read_text()


def _again(study):
    build_report(study_inputs(study))
    return _text(study)


def render(page):
    return render_page(page, {"datasets": []})


def _finding(better="BIMC+PV", verdict="appears"):
    sentence = f"{better} against input: {verdict}."
    return Finding("table2", "order", better, "input", "all", 4.23, 1.5, math.nan, math.nan, math.nan, 1, 2,
                   verdict, sentence)  # fmt: skip


def _page(label="row", findings=()):
    columns = (Column("psnr_db", "Measured", "", "PSNR (dB)", 2, "higher"),)
    table = Table(
        "table2",
        f"Title of {label}",
        "Caption",
        "sample",
        "koehler",
        columns,
        (Row("r", label, (math.inf,)),),
        "tables",
    )
    made = Provenance(
        commit="c0ffee", changes=("a<b.py",), params="seed: 1", edited=(Change("seed", 0, 1),),
        overridden=(Change("training.deblur.loss", "l1", "<mse>"),), data=(DataRecord("sample", (), "5ha", ""),),
        seeds=(("seed", 1),), versions=(("torch", "2"),), hardware=("box",), stages=(Stage("s", 75.0, 10.0),),
        commands=("make study",), verified="not verified",
    )  # fmt: skip
    return Page("Title", (Section(DatasetTables("sample", "sample", (table,), findings), ()),), (), made)


def test_every_number_of_every_table_is_on_the_page(built):
    parser = _Tables()
    parser.feed(_text(built))
    shown = {tuple((cell[0], cell[2]) for cell in row) for table in parser.tables for row in table}
    names = ("table1", "table2", "table3", "quantiles", "temporal", "steps", "differences-deblur-all", "ranks-deblur",
             "lens", "clips-deblur", "clips-motion")  # fmt: skip
    for name in names:
        table = pd.read_csv(built.root / "reports" / "tables" / f"sample-{name}.csv")
        keys = [key for key in table.columns[4:] if not key.endswith(("_low", "_high", "_identical", "_clips"))]
        for _, row in table.iterrows():
            label = row["label"].replace("_", "")  # the underscore became a subscript
            if name == "table3":  # the stored table holds no time of a machine: the report takes it from data/cost
                row["milliseconds_per_frame"] = _milliseconds(built.root, row["row"])
            assert ((label, ""), *((_printed(key, row[key]), _bounds(key, row)) for key in keys)) in shown, name


def _milliseconds(root, row):
    path = root / "data" / "cost" / "deblur" / "sample" / f"{row}.json"
    return json.loads(path.read_text())["milliseconds_median"] if path.exists() else math.nan


def _printed(key, value):
    if isinstance(value, str):
        return value
    digits = 2 if "_db" in key or "epe" in key else 1 if "millisec" in key else 3
    if key.startswith("paper_params"):
        digits = 1
    if key.startswith(("rank", "frames", "identical")):
        digits = 0
    if math.isnan(value):
        return "\u2013"
    signed = key.startswith(("minus", "step", "difference")) and abs(value) >= 0.005
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", "\u2212")


def _bounds(key, row):
    low, high = row.get(f"{key}_low", math.nan), row.get(f"{key}_high", math.nan)
    between = " to " if key.startswith(("minus", "step", "difference")) else "\u2013"
    return "" if math.isnan(low) else f"{_printed(key, low)}{between}{_printed(key, high)}"


def test_best_and_second_are_marked(built):
    parser = _Tables()
    parser.feed(_text(built))
    table = pd.read_csv(built.root / "reports" / "tables" / "sample-table2.csv").sort_values("psnr_db_all")
    rows = {row[0][0]: row for table in parser.tables for row in table if len(row) == 16}
    assert rows[table.label.iloc[-1].replace("_", "")][1][:2] == [f"{table.psnr_db_all.iloc[-1]:.2f}", "best"]
    assert rows[table.label.iloc[-2].replace("_", "")][1][:2] == [f"{table.psnr_db_all.iloc[-2]:.2f}", "second"]


def test_findings_are_told_as_they_are(built):
    page = re.sub("</?sub>", "", _text(built))
    findings = pd.read_csv(built.root / "reports" / "tables" / "sample-findings.csv")
    for sentence in findings[findings.kind == "gain"].sentence:
        assert sentence.replace("'", "&#39;").replace("_", "") in page
    order = findings[(findings.kind == "order") & (findings.table == "table2")]
    assert (order.verdict != "appears").any()
    assert f"of its {len(order)} neighbouring pairs, {(order.verdict == 'appears').sum()} appear" in page
    assert "not the videos of Su et al." in page


def test_videos_without_truth_have_a_section_of_their_own():
    picture = Picture("wild-a.png", "wild", "Without truth: wild, a, frame 1", "Nothing is measured.", "alt", 20, 10)
    page = replace(_page(), qualitative=(picture,))
    text = render(page)
    assert '<h2 id="qualitative">Videos without truth</h2>' in text and "figures/wild-a.png" in text
    assert "qualitative" not in render(_page())


def test_an_order_that_appears_in_full_is_said_to():
    assert "order of Table 2 appears here in all its 1 neighbouring pair." in render(_page(findings=(_finding(),)))
    page = render(_page(findings=(_finding(verdict="unclear"),)))
    assert "does not appear in full here: of its 1 neighbouring pair, 0 appear, 0 come out reversed" in page
    assert "+1.50<small>2 identical</small>" in page and "<td>no interval</td>" in page


def test_the_papers_own_data_set_is_not_called_another():
    page = _page()
    section = page.sections[0]
    own = replace(page, sections=(replace(section, measured=replace(section.measured, dataset="su")),))
    assert "not the videos of Su" in render(page) and "not the videos of Su" not in render(own)


def test_text_is_escaped_and_identical_frames_are_told():
    page = render(_page(label="<script>x & y_LFN"))
    assert "&lt;script&gt;x &amp; y<sub>LFN</sub>" in page and "<script>" not in page
    assert '<td class="best">identical</td>' in page and "left out of means and counted beneath them" in page
    assert "differs from the commit in a&lt;b.py" in page and "1 min 15 s" in page


def test_parts_are_there_where_there_is_something_to_show(built):
    headings = re.findall(r'<h2 id="sample-([a-z-]+)">', _text(built))
    assert headings == [
        "findings",
        "tables",
        "ranking",
        "cost",
        "by-protocol",
        "literature",
        "by-blur",
        "steadiness",
        "figures",
        "clips",
    ]
    page = render(_page())
    assert (
        re.findall(r'<h2 id="sample-([a-z-]+)">', page) == ["findings", "tables", "literature"]
        and "#sample-ranking" not in page
    )


@pytest.mark.parametrize("part", ["", "news"])
def test_a_table_or_figure_that_belongs_under_no_heading_is_refused(part):
    page = _page()
    table = replace(page.sections[0].measured.tables[0], name="news", part=part)
    picture = Picture("sample-news.svg", "sample", "News", "Caption", "alt", 20, 10, part)
    for section, name in (
        (Section(DatasetTables("sample", "sample", (table,), ()), ()), "table 'news' of 'sample'"),
        (Section(DatasetTables("sample", "sample", (), ()), (picture,)), r"figure 'sample-news\.svg' of 'sample'"),
    ):
        with pytest.raises(DataError, match=f"{name}: unknown part '{part}'; set its part to one of tables, ranking"):
            render(replace(page, sections=(section,)))


def test_a_table_appears_under_the_part_that_it_names():
    page = _page()
    table = replace(page.sections[0].measured.tables[0], name="news", part="steadiness")
    section = Section(DatasetTables("sample", "sample", (table,), ()), ())
    text = render(replace(page, sections=(section,)))
    part, news, look = map(text.index, ('id="sample-steadiness"', 'id="sample-table-news"', '<section id="look"'))
    assert part < news < look


def test_an_interval_and_a_count_are_small_beneath_the_number():
    column = psnr_column("psnr_db", "Measured", "")
    table = Table("table2", "T", "C.", "sample", "koehler", (column,),
                  (Row("r", "row", (Interval(30.0, 29.0, 31.0, 3, 20, identical=1),)),), "tables")  # fmt: skip
    page = render(replace(_page(), sections=(Section(DatasetTables("sample", "sample", (table,), ()), ()),)))
    assert '<td class="best">30.00<small>29.00\u201331.00</small><small>1 identical</small></td>' in page
    assert "Beneath: 95 % intervals over 3 clips." in page


def test_nothing_is_fetched_and_the_policy_forbids_it(built):
    page = _text(built)
    elsewhere = re.findall(r"""<(\w+)[^>]*(?:src|href)=["']?(?:https?:)?//""", page)
    assert set(elsewhere) <= {"a"}  # a source that a reader may follow; nothing that a page loads
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert "default-src &#39;none&#39;" in policy or "default-src 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy and "script-src &#39;self&#39; file:;" in policy
    reports = built.root / "reports"
    for link in re.findall(r'(?:src|href)="([^"#:]+)"', page):
        assert (reports / unquote(link)).is_file(), link


def test_provenance(built):
    page = _text(built)
    head = subprocess.run(["git", "-C", built.root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert f"<code>{head.stdout.strip()}</code>" in page and "clean: nothing differs from the commit" in page
    assert "training.seed = 11" in page and "Test processor, 2 cores" in page
    assert re.search(r"torch \d+\.\d+", page) and re.search(r"python 3\.\d+", page)
    assert (built.root / "params.yaml").read_text().splitlines()[0] in page
    assert "render sample" in page and "train deblur bimc-pv" in page and "make study" in page


def test_changes_since_the_commit_are_named(ready):
    (ready.root / "params.yaml").write_text((ready.root / "params.yaml").read_text() + "# changed\n")
    (ready.root / "new.txt").write_text("new")
    assert "differs from the commit in params.yaml, new.txt" in _again(ready)


def test_a_study_in_a_folder_of_its_own_is_repeated_by_its_pipeline(ready):
    study = ready.root / "studies" / "tiny"
    study.mkdir(parents=True)
    (study / "params.yaml").write_text("root: ../..\n")
    commit(ready.root)
    (ready.root / "reports").rename(study / "reports")
    build_report(study_inputs(replace(ready, root=ready.root), study=study))
    assert "dvc repro studies/tiny/dvc.yaml" in (study / "reports" / "index.html").read_text()


def test_equal_inputs_give_equal_bytes(built):
    def whole():
        build_report(study_inputs(built))
        return {path: path.read_bytes() for path in (built.root / "reports").rglob("*") if path.is_file()}

    assert whole() == whole()
    assert render(_page()) == render(_page())


def test_what_is_missing_is_named_with_the_stage_to_run(ready):
    reports = ready.root / "reports"
    (reports / "figures" / "figures.json").unlink()
    with pytest.raises(DataError, match=r"figures\.json: there are no figures yet; run `dvc repro figures`"):
        _again(ready)
    (reports / "tables" / "sample.json").write_text("{")
    with pytest.raises(
        DataError, match=r"sample\.json: these are no tables .*run `dvc repro --force --single-item tables`"
    ):
        _again(ready)
    (reports / "tables" / "sample.json").unlink()
    with pytest.raises(DataError, match=r"tables/sample\.json: 'sample' has no tables yet; run `dvc repro tables`"):
        _again(ready)


def test_outside_a_repository(ready):
    (ready.root / ".git").rename(ready.root / "git")
    with pytest.raises(StudyError, match="not in a Git repository, so the report cannot name its commit"):
        build_report(study_inputs(ready))


def test_a_failed_report_leaves_the_last_one(ready):
    before = _text(ready)
    damaged = ready.root / "data" / "deblur" / "sample" / "mc" / "clip1" / "00003.png"
    damaged.write_bytes(damaged.read_bytes()[:50])
    with pytest.raises(DataError, match=r"mc/clip1/00003\.png: this is no readable PNG or JPEG"):
        build_report(study_inputs(ready))
    assert (ready.root / "reports" / "index.html").read_text() == before
    assert (ready.root / "reports" / "assets" / "images" / "sample" / "deblur-mc" / "clip1" / "00003.webp").is_file()
    assert not list((ready.root / "reports").glob("*.partial"))


def test_three_sentences_say_what_the_numbers_say(built):
    page = re.sub("</?sub>", "", _text(built))
    tables = built.root / "reports" / "tables"
    ranks = pd.read_csv(tables / "sample-ranks-deblur.csv").sort_values("psnr_db_all", ascending=False)
    differences = pd.read_csv(tables / "sample-differences-deblur-all.csv").set_index("row")
    best, second = ranks.iloc[0], ranks.iloc[1]
    gain, lead = (differences.loc[best.row] for _ in range(2))
    assert f"which of {len(ranks)} ways to deblur" in page
    assert f"{best.label.replace('_', '')} does, with {best.psnr_db_all:.2f} dB (95 % interval" in page
    assert f"{gain.minus_input_db:+.2f} dB (95 % interval {gain.minus_input_db_low:+.2f} to" in page
    verdict = "the lead is clear" if lead[f"minus_{second.row}_db_low"] > 0 else "the order of the two is open"
    assert f"that is {lead[f'minus_{second.row}_db']:+.2f} dB" in page and verdict in page


def test_parameters_that_changed_are_marked(ready):
    (ready.root / "params.yaml").write_text((ready.root / "params.yaml").read_text().replace("seed: 11", "seed: 12"))
    page = _again(ready)
    assert "<mark>training.seed</mark> = 12, committed 11" in page
    assert "<mark>training.deblur.loss</mark> = &lt;mse&gt;, preset l1" in render(_page())


def test_data_sets_are_named_with_their_hashes(built):
    manifest = (built.root / "data" / "sample" / "manifest.csv").read_bytes()
    assert f"manifest SHA-256 <code>{hashlib.sha256(manifest).hexdigest()}</code>" in _text(built)
    assert "test: 3 clips, 24 frames" in _text(built)


def _images(folder):
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*.webp")}


def test_pictures_are_written_frame_by_frame_until_there_is_no_room(built, tmp_path):
    shown = study_inputs(built).viewer_frames("sample")
    shown.write(tmp_path / "all", (), 10**9)
    every = _images(tmp_path / "all")
    frames = [f"{video}/{frame}.webp" for video in built.videos for frame in built.frames]
    weights = {frame: sum(size for name, size in every.items() if name.endswith(frame)) for frame in frames}
    first = [("clip2", "00005"), ("clip0", "00007")]
    told = shown.write(tmp_path / "some", first, weights["clip2/00005.webp"] * 2)
    some = _images(tmp_path / "some")
    wanted = ("clip2/00005.webp", "clip0/00007.webp")
    assert some == {name: size for name, size in every.items() if name.endswith(wanted)}
    assert sum(len(clip.left_out) for clip in told.values()) == len(frames) - 2
    assert "00005" not in told["clip2"].left_out and "00005" in told["clip0"].left_out
    shown.write(tmp_path / "half", (), sum(weights.values()) // 2)
    half = _images(tmp_path / "half")
    assert sum(weights.values()) // 2 - 2 * max(weights.values()) < sum(half.values()) <= sum(weights.values()) // 2
    assert {name.split("/")[-2] for name in half} == set(built.videos)  # spread over all clips


def test_every_plot_is_a_pdf_as_wide_as_both_columns(built):
    plots = sorted((built.root / "reports" / "figures").glob("*.svg"))
    assert len(plots) >= 4
    for plot in plots:
        (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", plot.with_suffix(".pdf").read_bytes())
        assert float(box) == pytest.approx(7.0 * 72), plot.name
