from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import make_dataset
from skimage.metrics import peak_signal_noise_ratio

from pvdbench.core.errors import DataError
from pvdbench.io.flow import write_flow
from pvdbench.io.images import read_frame, write_frame
from pvdbench.io.tables import SCORE_KEYS
from pvdbench.scoring import dataset as scoring
from pvdbench.scoring.dataset import ScoredRow, score_row
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.flow import estimate_flow
from pvdbench.scoring.protocols import temporal as protocol
from pvdbench.scoring.protocols.koehler import koehler
from pvdbench.scoring.registry import named_protocols
from pvdbench.scoring.score_file import read_score_file, score_table
from pvdbench.scoring.truth import read_truth, score_truth

BOTH = ["koehler", "plain-rgb"]


@pytest.fixture
def frames(dataset, tmp_path):
    """The blurry frames as a method's output."""
    for path in dataset.glob("*/input/*.png"):
        out = tmp_path / "frames" / path.parts[-3] / path.name
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(path.read_bytes())
    return tmp_path / "frames"


@pytest.fixture
def flow(dataset, tmp_path):
    """The sharp frames as if perfectly warped, and a flow that is off by (3, 4) pixels."""
    for path in dataset.glob("*/GT/*.png"):
        if path.stem != "00000":
            out = tmp_path / "flow" / path.parts[-3] / path.name
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(path.read_bytes())
            write_flow(out.with_suffix(".flo"), np.broadcast_to(np.float32([-1 + 3, 4]), (48, 64, 2)))
    return tmp_path / "flow"


def score(dataset, frames, out, protocols=BOTH, task="deblur", jobs=1):
    score_row(ScoredRow("tiny", "m", task, dataset, frames), out, protocols=protocols, jobs=jobs)
    return read_score_file(out, dataset="tiny", method="m", task=task)


def test_every_frame_has_a_row_a_protocol(dataset, frames, tmp_path):
    table = score(dataset, frames, tmp_path / "s.csv")
    assert list(zip(table.video, table.frame, table.protocol, strict=True)) == [
        (video, f"{t:05d}", protocol) for video in "ab" for t in range(4) for protocol in BOTH
    ]
    koehlers = table[table.protocol == "koehler"]
    assert koehlers.counted.tolist() == [False, True, True, True] * 2  # the paper leaves first frames out
    assert table[table.protocol == "plain-rgb"].counted.all()
    blurry, sharp = (read_frame(dataset / "a" / kind / "00002.png") for kind in ("input", "GT"))
    row = table[(table.video == "a") & (table.frame == "00002")]
    assert row.psnr_db.tolist()[0] == round(koehler(FramePair(blurry, sharp))["psnr_db"], 6)
    assert row.psnr_db.tolist()[1] == pytest.approx(peak_signal_noise_ratio(sharp, blurry), abs=1e-6)
    assert tuple(table.columns[: len(SCORE_KEYS)]) == SCORE_KEYS


def test_equal_inputs_give_equal_bytes_on_any_number_of_processes(dataset, frames, tmp_path):
    for jobs in (1, 2):
        score(dataset, frames, tmp_path / f"{jobs}.csv", ["all"], jobs=jobs)
        score_truth(dataset, tmp_path / f"truth{jobs}", ranking="plain-rgb", jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    first, second = ({path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
                     for name in ("truth1", "truth2"))  # fmt: skip
    assert first == second and len(first) == 1 + 2 * 3  # a table, and a flow for every frame but a clip's first


def count_reads(monkeypatch):
    """Count how often each file is decoded."""
    counted = Counter()

    def counting(path):
        counted[path] += 1
        return read_frame(path)

    monkeypatch.setattr(scoring, "read_frame", counting)
    return counted


def test_each_file_is_decoded_once_a_row_and_once_for_the_truth(dataset, frames, tmp_path, monkeypatch):
    """Frames ask for the frames before them."""
    counted = count_reads(monkeypatch)
    table = score(dataset, frames, tmp_path / "s.csv", ["all"])
    assert (table.protocol == "temporal").sum() == 2 * 3
    files = [*dataset.glob("*/GT/*.png"), *frames.glob("*/*.png")]
    assert len(files) == 2 * 2 * 4 and counted == Counter(files)
    counted.clear()
    score_truth(dataset, tmp_path / "truth", ranking="plain-rgb")
    assert counted == Counter([*dataset.glob("*/GT/*.png"), *dataset.glob("*/input/*.png")])


def test_what_changes_between_two_rows_is_read_anew(dataset, frames, tmp_path):
    before = score(dataset, frames, tmp_path / "s.csv", ["plain-rgb"])
    for path in frames.glob("a/*.png"):
        write_frame(path, read_frame(path) // 2)
    after = score(dataset, frames, tmp_path / "s.csv", ["plain-rgb"])
    assert ((before.psnr_db != after.psnr_db) == (before.video == "a")).all()


@pytest.mark.parametrize(
    ("jobs", "frames", "longest"),
    [(1, 40, 40), (2, 40, 8), (2, 12, 3), (3, 7, 1), (2, 1, 1), ("tcp://", 40, 1), ("tcp://", 400, 8)],
)
def test_processes_take_turns_with_runs_of_consecutive_frames(jobs, frames, longest):
    work = {"a": list(range(frames)), "b": list(range(frames))}
    runs = scoring._runs(work, jobs)
    for clip, of_clip in runs.items():
        assert [frame for run in of_clip for frame in run] == work[clip]
        assert max(map(len, of_clip)) == longest


def test_runs_on_two_processes_give_the_bytes_of_one(tmp_path):
    data = make_dataset(tmp_path / "tiny", videos=["a", "b"], frames=14, size=(24, 32))
    for video in "ab":
        (tmp_path / "frames").mkdir(exist_ok=True)
        (data / video / "input").rename(tmp_path / "frames" / video)
        (data / video / "input").symlink_to(tmp_path / "frames" / video)
    for jobs in (1, 2):
        score(data, tmp_path / "frames", tmp_path / f"{jobs}.csv", ["plain-rgb", "temporal"], jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_the_ranking_protocol_is_a_parameter(dataset, frames, tmp_path):
    """The frames are the blurry ones themselves."""
    table = score(dataset, frames, tmp_path / "s.csv")
    for name in BOTH:
        score_truth(dataset, tmp_path / "truth", ranking=name)
        blurriness = read_truth(tmp_path / "truth")["blurriness_db"]
        assert blurriness.tolist() == table.psnr_db[table.protocol == name].tolist()


@pytest.mark.parametrize(("true_flow", "kinds"), [(True, ["flow-from-before"]), (False, ["flow", "flow-from-before"])])
def test_steadiness_is_the_same_with_and_without_what_was_made_of_the_truth(
    dataset, frames, tmp_path, monkeypatch, true_flow, kinds
):
    if not true_flow:
        without_true_flow(dataset)
    made = ScoredRow("tiny", "m", "deblur", dataset, frames, truth=tmp_path / "truth")
    score_truth(dataset, made.truth, ranking="plain-rgb")
    flows = sorted(path.relative_to(made.truth) for path in made.truth.rglob("*.flo"))
    assert flows == [Path(kind, video, f"{t:05d}.flo") for kind in kinds for video in "ab" for t in (1, 2, 3)]
    score(dataset, frames, tmp_path / "computed.csv", ["temporal"])
    estimated = counted_estimates(monkeypatch)
    score_row(made, tmp_path / "made.csv", protocols=["temporal"])
    assert (tmp_path / "made.csv").read_bytes() == (tmp_path / "computed.csv").read_bytes()
    assert len(estimated) == 2 * 3  # of the row alone, one per frame
    for kind in kinds:
        path = made.truth / kind / "a" / "00002.flo"
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(DataError, match=rf"truth/{kind}/a/00002\.flo"):
            score_row(made, tmp_path / "made.csv", protocols=["temporal"])
        path.write_bytes(kept)


def counted_estimates(monkeypatch):
    estimated = []

    def one(target, source):
        estimated.append(target)
        return estimate_flow(target, source)

    monkeypatch.setattr(protocol, "estimate_flow", one)
    return estimated


def test_a_perfect_estimate_survives_the_csv(dataset, tmp_path):
    for video in "ab":
        (tmp_path / "f").mkdir(exist_ok=True)
        (dataset / video / "GT").rename(tmp_path / "f" / video)
        (dataset / video / "GT").symlink_to(tmp_path / "f" / video)
    assert (score(dataset, tmp_path / "f", tmp_path / "s.csv").psnr_db == np.inf).all()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), r"b/00002\.png: this frame is not there"),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), r"b/00002\.png: this is no readable PNG or JPEG"),
        (
            lambda path: write_frame(path, np.zeros((48, 60, 3), np.uint8)),
            r"b/00002\.png is 60x48, but .* is 64x48",
        ),
    ],
)
def test_a_bad_estimate_stops_with_its_name_and_leaves_the_old_scores(dataset, frames, tmp_path, harm, message):
    score(dataset, frames, tmp_path / "s.csv")
    before = (tmp_path / "s.csv").read_bytes()
    harm(frames / "b" / "00002.png")
    with pytest.raises(DataError, match=message):
        score(dataset, frames, tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_bytes() == before


def test_warping_scores_start_at_the_second_frame_and_know_the_endpoint_error(dataset, flow, tmp_path):
    write_frame(dataset / "a" / "occlusion" / "00001.png", np.full((48, 64, 3), 255, np.uint8))
    table = score(dataset, flow, tmp_path / "s.csv", [*BOTH, "endpoint"], task="motion")
    assert table.frame.unique().tolist() == ["00001", "00002", "00003"]
    warped, flows = table[table.protocol != "endpoint"], table[table.protocol == "endpoint"]
    assert table.counted.all() and (warped.psnr_db == np.inf).all() and warped.epe_px.isna().all()
    assert flows.epe_px.tolist() == pytest.approx([5] * len(flows)) and flows.psnr_db.isna().all()
    hidden = (flows.video == "a") & (flows.frame == "00001")
    assert flows[hidden].epe_visible_px.isna().all()
    assert flows[~hidden].epe_visible_px.tolist() == pytest.approx([5] * (len(flows) - 1))


def without_true_flow(dataset):
    """Take flow and occlusion out of the manifest."""
    manifest = dataset / "manifest.csv"
    lines = manifest.read_text().splitlines()
    fields = [line.split(",") for line in lines]
    manifest.write_text(
        "\n".join(",".join([*f[:5], "", "", *f[7:]]) if i else lines[0] for i, f in enumerate(fields)) + "\n"
    )


def test_warping_without_true_flow_has_no_endpoint_error(flow, dataset, tmp_path):
    without_true_flow(dataset)
    table = score(dataset, flow, tmp_path / "s.csv", ["plain-rgb", "endpoint"], task="motion")
    assert set(table.protocol) == {"plain-rgb"} and table.epe_px.isna().all()


def test_a_flow_of_another_size_is_named(dataset, flow, tmp_path):
    write_flow(flow / "a" / "00001.flo", np.zeros((40, 64, 2), np.float32))
    with pytest.raises(DataError, match=r"00001\.flo: the flow is 64x40, its frame 64x48"):
        score(dataset, flow, tmp_path / "s.csv", ["endpoint"], task="motion")


def test_a_score_file_that_is_not_as_it_should_be_is_refused_by_name(dataset, frames, tmp_path):
    """Each fault is one cell that somebody edited, or a file that lies under another row's name."""
    path = tmp_path / "s.csv"
    score(dataset, frames, path)
    lines = path.read_text().splitlines()
    columns = lines[0].split(",")

    def edited(column, value, line=3):
        cells = lines[line].split(",")
        cells[columns.index(column)] = value
        path.write_text("\n".join([*lines[:line], ",".join(cells), *lines[line + 1 :]]) + "\n")

    for column, value, message in (
        ("psnr_db", "good", r"s\.csv: line 4 \(a, 00001, koehler\): psnr_db is no number \('good'\)"),
        ("psnr_db", "", "there is no psnr_db"),
        ("psnr_db", "-inf", "psnr_db is outside -50 to inf"),
        ("ssim", "7", r"ssim is outside -1 to 1 \('7'\)"),
        ("ssim", "inf", "ssim is outside"),
        ("method", "other", "method is not 'm'"),
        ("dataset", "other", "dataset is not 'tiny'"),
        ("task", "motion", "task is not 'deblur'"),
        ("video", "", "video is blank"),
        ("frame", "", "frame is blank"),
        ("counted", "perhaps", "counted is neither True nor False"),
        ("protocol", "none", "no such protocol here"),
        ("protocol", "plain-rgb", "the frame is there twice"),
    ):
        edited(column, value)
        with pytest.raises(DataError, match=message) as error:
            read_score_file(path, dataset="tiny", method="m", task="deblur")
        assert len(str(error.value).removeprefix(str(tmp_path))) < 200
    path.write_text("\n".join([lines[0] + ",beauty", *(line + ",1" for line in lines[1:])]) + "\n")
    with pytest.raises(DataError, match="no protocol here has the metric 'beauty'; score the row again, or install"):
        read_score_file(path)
    edited("task", "other")
    with pytest.raises(DataError, match=r"line 4 .*: no such task here"):
        read_score_file(path)
    ssim = columns.index("ssim")
    rows = (line.split(",") for line in lines)
    path.write_text("\n".join(",".join([*row[:ssim], *row[ssim + 1 :]]) for row in rows))
    with pytest.raises(DataError, match=r"line 2 \(a, 00000, koehler\): there is no column ssim"):
        read_score_file(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="its columns are not those of scores"):
        read_score_file(path)


def test_a_file_that_an_editor_saved_is_read_and_a_clip_may_be_called_na(dataset, frames, tmp_path):
    path = tmp_path / "s.csv"
    score(dataset, frames, path)
    whole, text = read_score_file(path), path.read_text()
    for saved in ("\ufeff" + text, text.replace("\n", "\r\n"), text.rstrip("\n")):
        path.write_bytes(saved.encode())
        pd.testing.assert_frame_equal(read_score_file(path), whole)
    path.write_text(text.replace(",a,", ",NA,"))
    assert "NA" in set(read_score_file(path)["video"])


def test_numbers_are_rounded_when_they_are_written_and_never_minus_nothing():
    chosen = named_protocols(["koehler"])
    keys = dict.fromkeys(SCORE_KEYS, "x")
    table = score_table([{**keys, "psnr_db": 31.23456749, "ssim": -1e-9, "shift_y": -0.0}], chosen)
    assert table.psnr_db[0] == 31.234567 and str(table.ssim[0]) == str(table.shift_y[0]) == "0.0"
