"""Figures: colours of flow, chosen frames and boxes, pixels that are drawn as they are, equal bytes."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT
from fake_study import PARAMS, RANKING, TABLE_PARAMS, make_fake_study
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pvdbench.cli.main import cli
from pvdbench.core.errors import DataError, ParamsError
from pvdbench.datasets.manifest import read_clips
from pvdbench.figures.build import build_figures
from pvdbench.figures.canvas import Canvas, resized
from pvdbench.figures.choose_frames import best_frames, zoom_boxes
from pvdbench.figures.flow import colour_wheel, flow_colours
from pvdbench.figures.style import spread_values
from pvdbench.figures.warp import WarpExample
from pvdbench.io.frame_folders import write_failure
from pvdbench.io.tables import MANIFEST, read_table, write_table
from pvdbench.networks.params import NetworkParams
from pvdbench.scoring.registry import named_protocols
from pvdbench.scoring.score_file import score_table, write_score_file
from pvdbench.study.table_params import TableParams, WarpParams
from pvdbench.tables.build import build_tables


def _colour(x, y, longest=1.0):
    return flow_colours(np.array([[[x, y]]], np.float32), longest)[0, 0].tolist()


def test_flow_colours_at_the_wheels_knots():
    assert _colour(0, 0) == [255, 255, 255]
    assert _colour(1, 0)[0] == 255 and max(_colour(1, 0)[1:]) < 50  # right is red
    left = _colour(-1, 0)
    assert left[2] == 255 and left[0] == 0  # left is between cyan and blue
    assert _colour(0, 1)[:2] == [255, pytest.approx(230, abs=25)] and _colour(0, 1)[2] == 0  # down is near yellow
    assert _colour(2, 0, longest=2) == _colour(1, 0)
    assert _colour(3, 0) == _colour(1, 0)


@given(st.floats(-np.pi, np.pi), st.floats(0, 0.99))
def test_shorter_flow_is_paler(angle, length):
    short = _colour(length * np.cos(angle), length * np.sin(angle))
    full = _colour(np.cos(angle) * 0.999, np.sin(angle) * 0.999)
    assert all(s >= f - 1 for s, f in zip(short, full, strict=True))


def test_the_wheel_shows_the_flow_from_its_centre():
    wheel = colour_wheel(101)
    assert wheel[50, 50].tolist() == [255, 255, 255] and wheel[0, 0].tolist() == [255, 255, 255]
    assert wheel[50, 100].tolist() == _colour(1, 0)


def test_best_frames_are_of_different_videos_by_gain():
    index = pd.MultiIndex.from_tuples([("a", "0"), ("a", "1"), ("b", "0"), ("c", "0")])
    gain = pd.Series([8, 7, 1, -2], index)
    assert best_frames(gain, 2) == [("a", "0"), ("b", "0")]
    assert len(best_frames(gain, 9)) == 3


def test_boxes_are_where_better_beats_worse_and_apart():
    truth = np.zeros((64, 96, 3), np.uint8)
    worse = truth.copy()
    worse[10:26, 20:44] = 200
    worse[40:56, 60:84] = 100
    first, second = zoom_boxes(truth, worse, truth)
    assert (first.top, first.left, first.height, first.width) == (10, 20, 16, 24)
    assert (second.top, second.left) == (40, 60)


def test_a_canvas_draws_pixel_by_pixel(tmp_path):
    frame = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    canvas = Canvas(100, 80)
    canvas.image(frame, 7, 11)
    canvas.save(tmp_path / "c.png")
    picture = np.asarray(Image.open(tmp_path / "c.png").convert("RGB"))
    assert picture.shape == (80, 100, 3)
    np.testing.assert_array_equal(picture[11:31, 7:37], frame)
    np.testing.assert_array_equal(resized(frame, 90, 60)[::3, ::3], frame)


def _build(study, params=TABLE_PARAMS):
    build_figures(study.root, study.root, datasets=[study.dataset], params=params, ranking=RANKING)
    return study.root / "reports" / "figures"


def test_figures_are_listed_have_their_size_and_equal_bytes(own, drawn):
    first = {path.name: path.read_bytes() for path in drawn.iterdir()}
    folder = _build(own)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    pictures = json.loads((folder / "figures.json").read_text())
    assert {picture["file"] for picture in pictures} | {"figures.json"} == {n for n in first if not n.endswith(".pdf")}
    assert sorted(first) == ["figures.json", "sample-blurriness.pdf", "sample-blurriness.svg", "sample-deblur-1.png",
                             "sample-lens.pdf", "sample-lens.svg", "sample-motion-1.png", "sample-motion-2.png",
                             "sample-quantiles.pdf", "sample-quantiles.svg", "training.pdf",
                             "training.svg"]  # fmt: skip
    for picture in pictures:
        if picture["file"].endswith(".png"):
            width, height = Image.open(folder / picture["file"]).size
            assert (picture["width"], picture["height"]) == (width // 2, height // 2)


def test_the_caption_names_the_frame_with_the_largest_gain(fake, pictures):
    folder = fake.root / "data" / "scores" / "motion" / "sample"
    scores = {row: pd.read_csv(folder / f"{row}.csv", dtype=str) for row in ("bimnet", "liteflownet")}
    scores = {row: table.query("protocol == 'koehler'") for row, table in scores.items()}
    gain = scores["bimnet"].psnr_db.astype(float) - scores["liteflownet"].psnr_db.astype(float)
    best = scores["bimnet"].loc[gain.idxmax()]
    picture = pictures["sample-motion-1.png"]
    assert (
        picture["title"].endswith(f"sample, {best.video}, frame {best.frame}")
        and f"({gain.max():+.2f} dB)" in picture["caption"]
    )


def test_frames_with_infinite_psnr_are_left_out_of_the_plot_and_counted(own, without_pdf):
    path = own.root / "data" / "scores" / "deblur" / "sample" / "mc.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    table.loc[table.frame == "00003", "psnr_db"] = np.inf
    table.to_csv(path, index=False)
    pictures = json.loads((_build(own) / "figures.json").read_text())
    (picture,) = (p for p in pictures if p["file"] == "sample-blurriness.svg")
    assert "3 frames with an infinite PSNR are left out." in picture["caption"]


def _set_psnr(study, task, row, psnr, chosen):
    path = study.root / "data" / "scores" / task / "sample" / f"{row}.csv"
    table = pd.read_csv(path, dtype={"frame": str})
    table.loc[chosen(table), "psnr_db"] = psnr
    table.to_csv(path, index=False)


def test_identical_frames_are_no_examples_and_said_to_be_none(own, without_pdf):
    _set_psnr(own, "motion", "bimnet", np.inf, lambda table: table.frame == "00003")
    _set_psnr(own, "deblur", "bimc-pv", np.inf, lambda table: table.video == "clip1")
    pictures = {p["file"]: p for p in json.loads((_build(own) / "figures.json").read_text())}
    assert "frame 00003" not in pictures["sample-motion-1.png"]["title"]
    assert "3 frames identical to the truth were no candidates." in pictures["sample-motion-1.png"]["caption"]
    assert "clip1" not in pictures["sample-deblur-1.png"]["title"]
    assert "7 frames of all rows together are identical" in pictures["sample-quantiles.svg"]["caption"]
    assert not [p["caption"] for p in pictures.values() if "inf " in p["caption"] or "nan" in p["caption"]]


def test_a_row_that_is_identical_everywhere_and_a_single_clip_can_be_drawn(tmp_path, without_pdf):
    study = make_fake_study(tmp_path / "study", videos=1)
    _set_psnr(study, "deblur", "bimc-pv", np.inf, lambda table: table.frame != "")
    folder = _build(study)
    svg = (folder / "sample-lens.svg").read_text()
    assert "<!-- identical -->" in svg and "nan" not in svg.lower() and not (folder / "sample-deblur-1.png").exists()
    assert "nan" not in (folder / "sample-quantiles.svg").read_text().lower()


def test_the_lens_shows_every_protocol_and_step_with_its_numbers(fake, drawn):
    svg = (drawn / "sample-lens.svg").read_text()
    build_tables(fake.root, fake.root, datasets=[fake.dataset], params=TABLE_PARAMS, ranking=RANKING)
    lens, steps = (pd.read_csv(fake.root / "reports" / "tables" / f"sample-{name}.csv") for name in ("lens", "steps"))
    for name, psnr in zip([*lens.row, *steps.label], [*lens.psnr_db, *steps.psnr_db], strict=True):
        assert f"<!-- {name} -->" in svg and f"<!-- {psnr:.2f} -->" in svg
    for step in steps.step_db.dropna():
        assert f"{step:+.2f}".replace("-", "\u2212") in svg or abs(step) < 0.005


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=9), st.floats(0.01, 5))
def test_labels_are_apart_in_the_order_of_their_values(values, distance):
    places = spread_values(values, distance)
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.array(places)[order]) >= distance - 1e-9).all()
    assert np.mean(places) == pytest.approx(np.mean(values), abs=1e-9)
    if len(values) > 1 and np.diff(np.sort(values)).min() > distance:
        assert places == pytest.approx(values, abs=1e-9)


def test_bad_input_is_named(own, without_plots):
    figures = PARAMS["figures"] | {"deblur": PARAMS["figures"]["deblur"] | {"better": "nothing"}}
    with pytest.raises(
        ParamsError, match=r"tables\.figures\.deblur: 'nothing' is no row of its table; choose from input, "
    ):
        _build(own, TableParams.model_validate(PARAMS | {"figures": figures}))
    frame = own.root / "data" / "motion" / "sample" / "tvl1"
    for path in frame.rglob("*.flo"):
        path.unlink()
    with pytest.raises(DataError, match=r"tvl1/clip\d/\d+\.flo: this flow is not there"):
        _build(own)


_COMPARISON = {"like": "Fig. 8", "rows": ["input", "bimc-pv"], "better": "bimc-pv", "worse": "input"}
_WARP = {"motion": "bimnet", "outputs": {"naive": "bimc", "ideal": "bimc-pv"}}


def _with(**figures):
    return TableParams.model_validate(PARAMS | {"figures": PARAMS["figures"] | figures})


def test_a_comparison_shows_the_frame_and_boxes_that_it_names(fake, without_plots):
    boxes = [[2, 4, 8, 12], [16, 20, 8, 12]]
    named = _COMPARISON | {"frame": ["clip1", "00004"], "boxes": boxes}
    folder = _build(fake, _with(compare={"figure8": _COMPARISON, "figure9": named | {"like": "Fig. 9"}}))
    pictures = {picture["file"]: picture for picture in json.loads((folder / "figures.json").read_text())}
    assert "Chosen by rule" in pictures["sample-figure8-1.png"]["caption"]
    picture = pictures["sample-figure9-1.png"]
    assert picture["title"] == "Deblurring, as Fig. 9: sample, clip1, frame 00004"
    assert "The frame was named in params.yaml, and so were the boxes." in picture["caption"]
    drawn = np.asarray(Image.open(folder / "sample-figure9-1.png").convert("RGB"))
    truth = np.asarray(Image.open(fake.root / "data" / "sample" / "clip1" / "sharp" / "00004.png"))
    box = resized(truth[2:10, 4:16], 192, 128)  # the truth's boxes are the last column; 4 pixels of frame around
    np.testing.assert_array_equal(drawn[36 + 4 : 36 + 124, -192 + 4 : -4], box[4:-4, 4:-4])


def _without_truth(study, failed=()):
    """The study's test clips once more, as a data set that has no sharp frames."""
    shutil.copytree(study.root / "data/sample", study.root / "data/wild")
    table = read_table(study.root / "data/wild/manifest.csv", MANIFEST)
    write_table(study.root / "data/wild/manifest.csv", table.assign(sharp=None), MANIFEST)
    shutil.copytree(study.root / "data/deblur/sample", study.root / "data/deblur/wild")
    for row in failed:
        shutil.rmtree(study.root / "data/deblur/wild" / row)
        (study.root / "data/deblur/wild" / row).mkdir()
        write_failure(study.root / "data/deblur/wild" / row, "it broke")


_WILD = {"datasets": ["wild"], "rows": ["input", "bimc", "bimc-pv"], "count": 2}


def test_videos_without_truth_are_shown_with_what_every_row_made_of_them(own, without_plots):
    _without_truth(own)
    folder = _build(own, _with(qualitative=_WILD))
    pictures = {p["file"]: p for p in json.loads((folder / "figures.json").read_text()) if p["dataset"] == "wild"}
    assert list(pictures) == ["wild-clip0.png", "wild-clip1.png"]
    picture = pictures["wild-clip1.png"]
    assert picture["title"] == "Without truth: wild, clip1, frame 00004"  # the middle one of eight
    assert "nothing is measured" in picture["caption"] and "where BIMC+PV differs most from input" in picture["caption"]
    drawn = np.asarray(Image.open(folder / "wild-clip1.png").convert("RGB"))
    assert drawn.shape[:2] == (picture["height"] * 2, picture["width"] * 2)
    first, last = (np.asarray(Image.open(own.root / "data/deblur/wild" / row / "clip1/00004.png"))
                   for row in ("input", "bimc-pv"))  # fmt: skip
    box = zoom_boxes(last, first, last)[0]
    part = resized(last[box.top : box.top + box.height, box.left : box.left + box.width], 192, 128)
    np.testing.assert_array_equal(drawn[36 + 4 : 36 + 124, -192 + 4 : -4], part[4:-4, 4:-4])


def test_a_row_that_failed_on_videos_without_truth_is_left_out(own, without_plots):
    _without_truth(own, failed=["bimc-pv"])
    pictures = json.loads((_build(own, _with(qualitative=_WILD)) / "figures.json").read_text())
    (alt, _) = (p["alt"] for p in pictures if p["dataset"] == "wild")
    assert alt == "Without truth: wild, clip0, frame 00004: input, BIMC side by side"


def test_warping_is_shown_as_it_is_computed(fake, without_plots):
    folder = _build(fake, _with(warp=_WARP))
    (picture,) = (p for p in json.loads((folder / "figures.json").read_text()) if p["file"] == "sample-warp.png")
    assert "as Fig. 4" in picture["title"] and "00000" not in picture["title"]  # a first frame has no flow
    drawn = np.asarray(Image.open(folder / "sample-warp.png").convert("RGB")).astype(int)
    assert drawn.shape[:2] == (picture["height"] * 2, picture["width"] * 2)
    tiles = [drawn[36 : 36 + 256, column * 400 : column * 400 + 384] for column in range(4)]
    gray = [(tile[..., 0] == tile[..., 2]).mean() for tile in tiles]
    assert gray[0] < 0.5 and min(gray[1:]) > 0.9, gray  # but for the outlines of two boxes


def test_warping_is_left_out_where_the_method_of_its_flow_failed(own, without_plots):
    row = own.root / "data" / "motion" / "sample" / _WARP["motion"]
    shutil.rmtree(row)
    row.mkdir()
    write_failure(row, "reason")
    scores = score_table([], named_protocols(["all"], "motion"))
    write_score_file(own.root / "data" / "scores" / "motion" / "sample" / f"{_WARP['motion']}.csv", scores)
    assert not (_build(own, _with(warp=_WARP)) / "sample-warp.png").exists()


def test_ideal_warping_is_closest_to_the_truth(fake):
    clip = read_clips(fake.root / "data" / "sample", "test")[1]
    params, network = WarpParams.model_validate(_WARP), NetworkParams(volume="gray")
    example = WarpExample(clip, "00003", fake.root / "data", "sample", {}, {}, params, network)
    warped = example._warped(clip.frames[3], clip.frames[2])
    truth = np.asarray(Image.open(clip.frames[3].sharp)) @ [0.2989, 0.587, 0.114]
    errors = {kind: np.abs(frame[..., 0] - truth)[4:-4, 4:-4].mean() for kind, frame in warped.items()}
    assert errors["ideal"] < errors["majority"] and errors["ideal"] < errors["naive"]


@pytest.mark.parametrize("how", [{"size": 1}, {"coordinates": "bilinear"}])
def test_warping_reads_the_volume_as_the_row_does(fake, how):
    clip = read_clips(fake.root / "data" / "sample", "test")[1]

    def ideal(**how):
        params, network = WarpParams.model_validate(_WARP), NetworkParams(volume="gray", **how)
        example = WarpExample(clip, "00003", fake.root / "data", "sample", {}, {}, params, network)
        return example._warped(clip.frames[3], clip.frames[2])["ideal"]

    assert (ideal() != ideal(**how)).mean() > 0.01


def test_figure_4_is_of_the_row_s_own_network(monkeypatch):
    told = {}
    monkeypatch.setattr("pvdbench.figures.build.build_figures", lambda *_, **how: told.update(how))
    assert CliRunner().invoke(cli, ["figures", "--study", str(ROOT)]).exit_code == 0
    row = yaml.safe_load((ROOT / "params.yaml").read_text())["deblur"]["bimc-pv"]
    assert told["network"] == NetworkParams.model_validate(row["network"])


@pytest.mark.parametrize(
    "figures, text",
    [
        ({"compare": {"x": _COMPARISON | {"rows": ["no"]}}}, r"figures\.compare\.x: 'no' is no row of its table"),
        (
            {"compare": {"x": _COMPARISON | {"frame": ["clip9", "00000"]}}},
            r"frame: there is no frame .* of a clip .*; name a clip of clip0, clip1, .* and one of its frames",
        ),
        (
            {"compare": {"x": _COMPARISON | {"boxes": [[0, 0, 99, 4], [0, 0, 4, 4]]}}},
            r"boxes: \[0, 0, 99, 4\] is no top, left, height and width within 48x32; correct the box",
        ),
        ({"qualitative": _WILD | {"rows": ["no"]}}, r"figures\.qualitative: 'no' is no row of its table"),
        (
            {"warp": _WARP | {"motion": "no"}},
            r"figures\.warp\.motion: 'no' is no row of the tables; choose from static, ",
        ),
        ({"warp": {"motion": "bimnet", "outputs": {"naive": "bimc"}}}, r"there is no 'ideal'; name the row"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(fake, figures, text, without_plots):
    with pytest.raises(ParamsError, match=text):
        _build(fake, _with(**figures))
