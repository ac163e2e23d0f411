"""Speed of the protocols on 1280x720 frames, beside the straightforward version in the same run: `make bench`.

`make test` runs each once, on fewer frames, and times nothing.
"""

import numpy as np
import pytest
from scoring.frames import noisy, textured
from scoring.straightforward import straightforward

from pvdbench.io.images import write_frame
from pvdbench.scoring.folders import score_folders
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import named_protocols, score_pair

FRAMES = 24


@pytest.fixture(scope="module")
def frames():
    truth = textured((720, 1280))
    return noisy((np.roll(truth, (1, -2), (0, 1)) * 0.95).astype(np.uint8)), truth


@pytest.fixture(scope="module")
def folders(tmp_path_factory, frames, request):
    count = FRAMES if request.config.getoption("benchmark_enable") else 2
    folders = [tmp_path_factory.mktemp(name) for name in ("estimate", "truth")]
    for folder, frame in zip(folders, frames, strict=True):
        for t in range(count):
            write_frame(folder / f"{t:03d}.png", frame)
    return folders


@pytest.mark.benchmark(group="a frame, koehler: the baseline is three double-precision FFTs and scikit-image's SSIM")
@pytest.mark.parametrize("what", ["straightforward", "koehler"])
def test_koehler(benchmark, frames, what):
    estimate, truth = frames
    koehler = named_protocols(["koehler"])[0]
    if what == "straightforward":
        benchmark(straightforward, estimate, truth)
    else:
        score = benchmark(lambda: koehler.score(FramePair(estimate, truth)))
        expected = straightforward(estimate, truth)
        assert [score["psnr_db"], score["ssim"], score["shift_y"], score["shift_x"]] == pytest.approx(
            expected[:4], abs=1e-6
        )


@pytest.mark.benchmark(group="a frame, all protocols: the baseline is koehler alone")
@pytest.mark.parametrize("names", [["koehler"], ["all"]], ids=["koehler", "all"])
def test_all_protocols(benchmark, frames, names):
    protocols = named_protocols(names)
    scored = benchmark(lambda: score_pair(FramePair(*frames), protocols))
    assert scored.keys() == {protocol.name for protocol in protocols} - {"endpoint", "temporal"}  # they need flow


@pytest.mark.benchmark(group=f"{FRAMES} frames from PNG, all protocols: the baseline is koehler alone")
@pytest.mark.parametrize("names", [["koehler"], ["all"]], ids=["koehler", "all"])
def test_all_protocols_with_decoding(benchmark, folders, tmp_path, names):
    estimate, truth = folders
    benchmark.pedantic(score_folders, (truth, estimate, tmp_path / "s.csv"), {"protocols": names}, rounds=3)


@pytest.mark.benchmark(group=f"{FRAMES} frames from PNG, all protocols: the baseline is one process")
@pytest.mark.parametrize("jobs", [1, 2])
def test_processes(benchmark, folders, tmp_path, jobs):
    estimate, truth = folders
    options = {"protocols": ["all"], "jobs": jobs}
    benchmark.pedantic(score_folders, (truth, estimate, tmp_path / "s.csv"), options, rounds=3, warmup_rounds=1)
