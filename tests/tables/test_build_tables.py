"""Tables from a fake study: every cell recomputed with plain pandas, and what bad input says."""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from fake_study import DEBLUR, MOTION, PARAMS, RANKING, SIZES, TABLE_PARAMS, make_fake_study

from pvdbench.analysis import intervals
from pvdbench.core.errors import DataError
from pvdbench.study.table_params import TableParams
from pvdbench.tables.build import build_tables
from pvdbench.tables.cost import with_costs
from pvdbench.tables.files import read_tables, tables_text


def _build(study, params=TABLE_PARAMS):
    build_tables(study.root, study.root, datasets=[study.dataset], params=params, ranking=RANKING)
    return study.root / "reports" / "tables"


def _plain_means(path):
    """Mean PSNR and SSIM of all, sharpest and blurriest frames, without a line of pvdbench."""
    table = pd.read_csv(path, dtype={"frame": str})
    truth = path.parents[3] / "truth" / path.parent.name / "truth.csv"
    blurriness = pd.read_csv(truth, dtype={"frame": str}).set_index(["video", "frame"])["blurriness_db"]
    table = table[(table.protocol == "koehler") & table.counted].join(blurriness, on=["video", "frame"])
    picked = {"all": [], "sharpest": [], "blurriest": []}
    for _, video in table.groupby("video"):
        ranked, size = video.sort_values("blurriness_db"), math.ceil(len(video) / 10)
        picked["all"].append(video)
        picked["blurriest"].append(ranked.head(size))
        picked["sharpest"].append(ranked.tail(size))
    means = {group: pd.concat(videos) for group, videos in picked.items()}
    return {f"{q}_{group}": frames[q].mean() for group, frames in means.items() for q in ("psnr_db", "ssim")}


@pytest.mark.parametrize(("name", "task", "labels"), [("table1", "motion", MOTION), ("table2", "deblur", DEBLUR)])
def test_every_cell_of_tables_1_and_2(fake, tables, name, task, labels):
    table = pd.read_csv(tables / f"sample-{name}.csv").set_index("label")
    paper = pd.read_csv(fake.root / "data" / "published" / f"{name}.csv").set_index("method")
    assert list(table.index[: len(labels)]) == list(labels.values())
    assert set(table.index[len(labels) :]) == set(paper.index) - set(labels.values())
    for row, label in labels.items():
        path = fake.root / "data" / "scores" / task / "sample" / f"{row}.csv"
        for key, value in _plain_means(path).items():
            assert table.loc[label, key] == pytest.approx(value, abs=1e-12)
        if task == "motion":
            scores = pd.read_csv(path)
            for key in ("epe_px", "epe_visible_px"):
                mean = scores[(scores.protocol == "endpoint") & scores.counted][key].mean()
                assert table.loc[label, key] == pytest.approx(mean, abs=1e-12)
    for label in paper.index:
        for group in ("all", "sharpest", "blurriest"):
            suffix = "all" if group == "all" else f"{group}10"
            assert table.loc[label, f"paper_psnr_db_{group}"] == paper.loc[label, f"psnr_db_{suffix}"]
            assert table.loc[label, f"paper_ssim_{group}"] == paper.loc[label, f"ssim_{suffix}"]


def test_a_part_of_a_data_set_says_so_in_every_caption(own):
    note = own.root / "data" / own.dataset / "subset.json"
    note.write_text('{"frames": null, "of": "su", "size": null, "videos": 2}')
    folder = _build(own)
    for name in ("table1", "table2", "table3", "cost"):
        assert "a subset of su: 2 videos of each split, all frames" in (folder / f"sample-{name}.md").read_text(), name


def test_table_3_has_sizes_and_times(tabled, tables):
    table = pd.read_csv(tables / "sample-table3.csv").set_index("label")
    assert table.loc["Small+MC", ["params_total_m", "params_pvdnet_m", "params_bimnet_m"]].tolist() == pytest.approx(
        [0.3666, 0.321, 0.0456]
    )
    assert table.loc["Small", "params_total_m"] == 0.321 and np.isnan(table.loc["Small", "params_bimnet_m"])
    assert table["milliseconds_per_frame"].isna().all()  # this machine's, which no stored table has
    filled = with_costs(tabled.root, read_tables(tabled.root / "reports" / "tables", "sample"))
    text = tables_text([filled], "csv", ["table3"])
    shown = pd.read_csv(io.StringIO(text)).set_index("label")
    assert (shown.loc[list(SIZES.values()), "milliseconds_per_frame"] == 20).all()
    pd.testing.assert_frame_equal(
        shown.drop(columns="milliseconds_per_frame"), table.drop(columns="milliseconds_per_frame")
    )
    assert table.loc["Large+MC", "paper_params_total_m"] == 25 and np.isnan(table.loc["Large+MC", "psnr_db_all"])


@pytest.mark.parametrize(
    ("facts", "mebibytes"),
    [
        ({"peak_memory_mib": 600.0, "timed": "frame"}, 600),
        ({"peak_memory_mib": 600.0, "peak_device_memory_mib": 90.0, "timed": "frame"}, 90),  # the graphics card's
        ({"peak_memory_mib": 600.0, "timed": "clip"}, np.nan),  # ours, not the program's
        ({"peak_memory_mib": 600.0, "timed": "nothing"}, np.nan),
    ],
)
def test_the_memory_shown_is_the_method_s(tabled, tmp_path, facts, mebibytes):
    stored = read_tables(tabled.root / "reports" / "tables", "sample")
    row = next(row.name for table in stored.tables if table.name == "cost" for row in table.rows)
    path = tmp_path / "data" / "cost" / "deblur" / "sample" / f"{row}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(facts | {"stage": "x", "seconds": 1, "hardware": "y", "threads": 1}))
    (table,) = (table for table in with_costs(tmp_path, stored).tables if table.name == "cost")
    column = [column.key for column in table.columns].index("peak_memory_mib")
    assert table.rows[0].values[column] == pytest.approx(mebibytes, nan_ok=True)


def test_section_44_pools_pixels(fake, tables):
    table = pd.read_csv(tables / "sample-section44.csv").set_index("row")
    counts = pd.read_csv(fake.root / "data" / "scores" / "volume" / "sample.csv")
    for quantity, rows in counts.groupby("quantity"):
        assert table.loc[quantity, "percent"] == pytest.approx(100 * rows.hits.sum() / rows.total.sum(), abs=1e-12)
        assert table.loc[quantity, "pixels"] == rows.total.sum()
        assert (
            table.loc[quantity, "percent_low"] <= table.loc[quantity, "percent"] <= table.loc[quantity, "percent_high"]
        )
    assert table.loc["pixels_with_majority", "paper_percent"] == 95.1


def test_clips_and_metrics(fake, tables):
    clips = pd.read_csv(tables / "sample-clips-deblur.csv").set_index("row")
    scores = pd.read_csv(fake.root / "data" / "scores" / "deblur" / "sample" / "small-mc.csv")
    counted = scores[(scores.protocol == "koehler") & scores.counted]
    for video, frames in counted.groupby("video"):
        assert clips.loc["small-mc", f"psnr_db_{video}"] == pytest.approx(frames.psnr_db.mean(), abs=1e-12)
    metrics = json.loads((tables.parent / "metrics.json").read_text())["sample"]
    means = _plain_means(fake.root / "data" / "scores" / "motion" / "sample" / "bimnet.csv")
    assert metrics["motion"]["bimnet"] == {
        "psnr_all": round(means["psnr_db_all"], 4),
        "psnr_blurriest": round(means["psnr_db_blurriest"], 4),
    }
    assert set(metrics["deblur"]) == set(DEBLUR) | set(SIZES)


def test_markdown_and_latex_print_the_csv_rounded(tables):
    table = pd.read_csv(tables / "sample-table2.csv").set_index("label")
    markdown = (tables / "sample-table2.md").read_text().replace("*", "").replace("<ins>", "").replace("</ins>", "")
    latex = (
        (tables / "sample-table2.tex").read_text().replace(r"\textbf{", "").replace(r"\underline{", "").replace("}", "")
    )
    keys = [key for key in table.columns[3:] if not key.endswith(("_low", "_high", "_identical", "_clips"))]
    assert len(keys) == 15
    for label, row in table.iterrows():
        numbers = [_printed(key, row[key]) for key in keys]
        bounds = [_bounds(key, row) for key in keys]
        cells = [number + bound for number, bound in zip(numbers, bounds, strict=True)]
        assert f"| {label.replace('_', chr(92) + '_')} | {' | '.join(cells)} |" in markdown
        plain = " & ".join(numbers).replace("\u2013", "--").replace("\u2212", "$-$")
        assert f"{label.replace('_e2e', chr(92) + 'textsubscript{e2e')} & {plain} {chr(92) * 2}" in latex


def _printed(key, value):
    if math.isnan(value):
        return "\u2013"
    sign = "+" if key.startswith("difference") and round(abs(value), 2) else ""
    return f"{value:{sign}.{3 if 'ssim' in key else 2}f}".replace("-", "\u2212")


def _bounds(key, row):
    low, high = (row.get(f"{key}_{side}", math.nan) for side in ("low", "high"))
    return "" if math.isnan(low) else f" \\[{_printed(key, low)}, {_printed(key, high)}\\]"


def test_captions_name_data_set_protocol_and_that_the_paper_measured_elsewhere(tables):
    for path in tables.glob("*-table*.md"):
        text = path.read_text()
        assert "sample (rendered, 3 clips, 24 frames of 48x32)" in text
        assert "under the protocol koehler, which counts 21 of the frames" in text
        assert (
            "not on Su et al.'s videos" in text and "not comparable in absolute terms with the paper's columns" in text
        )


def test_equal_inputs_give_equal_bytes(own, tables):
    first = {path.name: path.read_bytes() for path in tables.iterdir()}
    assert {path.name: path.read_bytes() for path in _build(own).iterdir()} == first


def _edit(study, row, change):
    """Change a row's deblurring scores in place."""
    path = study.root / "data" / "scores" / "deblur" / "sample" / f"{row}.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    change(table)
    table.to_csv(path, index=False)
    return table[(table.protocol == "koehler") & table.counted]


def _third_is_identical(table):
    table.loc[table.frame == "00003", "psnr_db"] = math.inf


def test_identical_frames_are_left_out_of_means_and_counted_everywhere(own):
    scores = _edit(own, "bimc-pv", _third_is_identical)
    folder = _build(own)
    left = scores[np.isfinite(scores.psnr_db)]
    assert len(left) == 18
    table = pd.read_csv(folder / "sample-table2.csv").set_index("row")
    assert table.loc["bimc-pv", "psnr_db_all"] == pytest.approx(left.psnr_db.mean(), abs=1e-12)
    assert table.loc["bimc-pv", "psnr_db_all_identical"] == 3 and table.loc["input", "psnr_db_all_identical"] == 0
    assert table.loc["bimc-pv", "ssim_all"] == pytest.approx(scores.ssim.mean(), abs=1e-12)  # 1 is a fine SSIM
    numbers = table.filter(like="psnr_db").loc[list(DEBLUR)]
    assert np.isfinite(numbers.to_numpy(float)).all()
    assert f"{left.psnr_db.mean():.2f}** (3 identical)" in (folder / "sample-table2.md").read_text()
    assert f"{left.psnr_db.mean():.2f}}}" + r"\textsuperscript{3}" in (folder / "sample-table2.tex").read_text()
    clips = pd.read_csv(folder / "sample-clips-deblur.csv").set_index("row")
    assert clips.loc["bimc-pv", "psnr_db_clip1_identical"] == 1
    findings = pd.read_csv(folder / "sample-findings.csv")
    gain = findings[(findings.better == "BIMC+PV") & (findings.worse == "input") & (findings.frames == "all")].iloc[0]
    assert gain.identical == 3 and "3 frames left out that equal the truth" in gain.sentence
    other = pd.read_csv(own.root / "data/scores/deblur/sample/input.csv", dtype={"frame": str})
    other = other[(other.protocol == "koehler") & other.counted & (other.frame != "00003")]
    assert gain.measured_db == pytest.approx(left.psnr_db.mean() - other.psnr_db.mean(), abs=1e-9)
    metrics = json.loads((own.root / "reports" / "metrics.json").read_text())["sample"]["deblur"]
    assert metrics["bimc-pv"]["psnr_all"] == round(left.psnr_db.mean(), 4)
    assert metrics["bimc-pv"]["identical_all"] == 3 and "identical_all" not in metrics["input"]


def test_a_row_that_equals_the_truth_everywhere_reads_identical(own):
    _edit(own, "bimc-pv", lambda table: table.__setitem__("psnr_db", math.inf))
    folder = _build(own)
    assert "| **identical** | " in (folder / "sample-table2.md").read_text()
    assert r"\textbf{identical}" in (folder / "sample-table2.tex").read_text()
    table = pd.read_csv(folder / "sample-table2.csv").set_index("row")
    assert table.loc["bimc-pv", "psnr_db_all_identical"] == 21 and math.isnan(table.loc["bimc-pv", "psnr_db_all_low"])
    ranks = pd.read_csv(folder / "sample-ranks-deblur.csv").set_index("row")
    assert ranks.index[0] == "bimc-pv" and ranks.loc["bimc-pv", "places_all"] == "1 to 9"
    lens = pd.read_csv(folder / "sample-lens.csv").set_index("row")
    assert lens.loc["plain-rgb", "identical"] == 24 == lens.loc["plain-rgb", "frames"]
    metrics = json.loads((own.root / "reports" / "metrics.json").read_text())["sample"]["deblur"]["bimc-pv"]
    assert metrics["psnr_all"] is None and metrics["identical_all"] == 21
    for path in folder.glob("*.md"):
        assert "inf" not in path.read_text().replace("infinite", "") and "nan" not in path.read_text()


def test_intervals_are_those_over_clips(fake, tables):
    table = pd.read_csv(tables / "sample-table2.csv").set_index("row")
    scores = pd.read_csv(fake.root / "data/scores/deblur/sample/mc-pv.csv")
    scores = scores[(scores.protocol == "koehler") & scores.counted]
    for quantity in ("psnr_db", "ssim"):
        clips = [video[quantity].to_numpy() for _, video in scores.groupby("video")]
        sums, sizes = np.array([clip.sum() for clip in clips]), np.array([len(clip) for clip in clips])
        result = intervals.ratio(sums, sizes.astype(float))
        bounds = table.loc["mc-pv", [f"{quantity}_all_low", f"{quantity}_all_high"]].tolist()
        assert bounds == pytest.approx([result.low, result.high], abs=1e-12)


def test_one_clip_has_means_and_no_intervals(tmp_path):
    study = make_fake_study(tmp_path / "study", videos=1)
    folder = _build(study)
    table = pd.read_csv(folder / "sample-table2.csv").set_index("row")
    assert table.loc["mc", "psnr_db_all"] > 0 and math.isnan(table.loc["mc", "psnr_db_all_low"])
    assert "In brackets" not in (folder / "sample-table2.md").read_text()
    ranks = pd.read_csv(folder / "sample-ranks-deblur.csv").set_index("row")
    assert (ranks["rank_all"] == 1).all() and (ranks["places_all"] == "1 to 9").all()


def test_without_a_lens_or_temporal_files_their_tables_are_not_there(own):
    path = own.root / "data/scores/deblur/sample/mc.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    table[table["protocol"] != "temporal"].to_csv(path, index=False)
    params = TableParams.model_validate({key: value for key, value in PARAMS.items() if key != "lens"})
    names = {path.stem for path in _build(own, params).glob("*.csv")}
    assert "sample-table1" in names and not names & {"sample-lens", "sample-steps", "sample-temporal"}


def test_a_missing_number_is_named(own):
    _edit(own, "mc", lambda table: table.loc.__setitem__((table.frame == "00002", "psnr_db"), math.nan))
    with pytest.raises(DataError, match=r"mc\.csv: line \d+ \(clip0, 00002, koehler\): there is no psnr_db;"):
        _build(own)


def test_the_files_that_are_missing_are_named(own):
    score = own.root / "data" / "scores" / "deblur" / "sample" / "mc.csv"
    text = score.read_text()
    score.unlink()
    with pytest.raises(DataError, match=r"deblur/sample/mc\.csv: there is no such table; run the stage that makes"):
        _build(own)
    score.write_text(text.replace(",koehler,", ",koehler-off,"))
    with pytest.raises(DataError, match=r"mc\.csv: line 2 \(clip0, 00000, koehler-off\): no such protocol here"):
        _build(own)
    kept = [line for line in text.splitlines() if ",clip2,00006," not in line and ",clip2,00007," not in line]
    score.write_text("\n".join(kept) + "\n")
    with pytest.raises(DataError, match=r"mc\.csv holds \d+ counted frames, that of row 'input' 21, not the same ones"):
        _build(own)
    score.write_text(text)
    (own.root / "data" / "complexity" / "deblur" / "sample" / "small.json").unlink()
    with pytest.raises(DataError, match=r"small\.json: file not found; run the stage of dvc\.yaml that writes it"):
        _build(own)
    (own.root / "data" / "published" / "table2.csv").unlink()
    with pytest.raises(DataError, match=r"table2\.csv: this file of published numbers is missing"):
        _build(own)


def test_what_was_there_before_survives_a_failure(own):
    folder = _build(own)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (own.root / "data" / "scores" / "volume" / "sample.csv").unlink()
    with pytest.raises(DataError, match=r"volume/sample\.csv"):
        _build(own)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
