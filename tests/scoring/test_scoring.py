import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from pvdbench.core.errors import DataError
from pvdbench.io.flow import write_flow
from pvdbench.io.images import read_frame, write_frame
from pvdbench.io.tables import DEBLUR_SCORES, FLOW_SCORES, read_table
from pvdbench.scoring.dataset import score_deblurring, score_warping
from pvdbench.scoring.frame_pair import Pair
from pvdbench.scoring.protocols.koehler import koehler

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


def score(dataset, frames, out, protocols=BOTH):
    score_deblurring(dataset, frames, out, dataset="tiny", method="m", protocols=protocols)
    return read_table(out, DEBLUR_SCORES)


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
    assert row.blurriness_db.tolist() == pytest.approx([peak_signal_noise_ratio(sharp, blurry)] * 2)
    assert row.psnr_db.tolist()[0] == koehler(Pair(blurry, sharp)).psnr_db
    assert row.psnr_db.tolist()[1] == pytest.approx(row.blurriness_db.tolist()[1])


def test_equal_inputs_give_equal_bytes_on_any_number_of_processes(dataset, frames, tmp_path):
    for jobs in (1, 2):
        score_deblurring(
            dataset, frames, tmp_path / f"{jobs}.csv", dataset="tiny", method="m", protocols=["all"], jobs=jobs
        )
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_the_ranking_protocol_is_a_parameter(dataset, frames, tmp_path):
    score_deblurring(dataset, frames, tmp_path / "s.csv", dataset="tiny", method="m", protocols=BOTH, ranking="koehler")
    table = read_table(tmp_path / "s.csv", DEBLUR_SCORES)
    koehlers = table[table.protocol == "koehler"]
    assert koehlers.blurriness_db.tolist() == koehlers.psnr_db.tolist()  # the frames are the blurry ones themselves


def test_a_perfect_estimate_survives_the_csv(dataset, tmp_path):
    for video in "ab":
        (tmp_path / "f").mkdir(exist_ok=True)
        (dataset / video / "GT").rename(tmp_path / "f" / video)
        (dataset / video / "GT").symlink_to(tmp_path / "f" / video)
    assert (score(dataset, tmp_path / "f", tmp_path / "s.csv").psnr_db == np.inf).all()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), r"b/00002\.png: expected a frame, found no file"),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), r"b/00002\.png: expected a whole PNG or JPEG"),
        (
            lambda path: write_frame(path, np.zeros((48, 60, 3), np.uint8)),
            r"b/00002\.png: expected 64x48 as .*, got 60x48",
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
    score_warping(dataset, flow, tmp_path / "s.csv", dataset="tiny", method="m", protocols=BOTH)
    table = read_table(tmp_path / "s.csv", FLOW_SCORES)
    assert table.frame.unique().tolist() == ["00001", "00002", "00003"]
    assert table.counted.all() and (table.psnr_db == np.inf).all()
    assert table.epe_px.tolist() == pytest.approx([5] * len(table))
    hidden = (table.video == "a") & (table.frame == "00001")
    assert table[hidden].epe_visible_px.isna().all()
    assert table[~hidden].epe_visible_px.tolist() == pytest.approx([5] * (len(table) - 2))


def test_warping_without_true_flow_has_no_endpoint_error(flow, dataset, tmp_path):
    manifest = dataset / "manifest.csv"
    lines = manifest.read_text().splitlines()
    fields = [line.split(",") for line in lines]
    manifest.write_text(
        "\n".join(",".join([*f[:5], "", "", *f[7:]]) if i else lines[0] for i, f in enumerate(fields)) + "\n"
    )
    score_warping(dataset, flow, tmp_path / "s.csv", dataset="tiny", method="m", protocols=["plain-rgb"])
    assert read_table(tmp_path / "s.csv", FLOW_SCORES).epe_px.isna().all()


def test_a_flow_of_another_size_is_named(dataset, flow, tmp_path):
    write_flow(flow / "a" / "00001.flo", np.zeros((40, 64, 2), np.float32))
    with pytest.raises(DataError, match=r"00001\.flo: expected 64x48, got 64x40"):
        score_warping(dataset, flow, tmp_path / "s.csv", dataset="tiny", method="m", protocols=BOTH)
