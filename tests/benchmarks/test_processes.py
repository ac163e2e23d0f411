"""What a second process is worth in scoring: `make bench`. `make test` runs it once and times nothing.

The parts themselves, one process each, are `pvdbench bench all`'s.
"""

import pytest

from pvdbench.bench.inputs import estimate_of, sharp_frames
from pvdbench.io.images import write_frame
from pvdbench.scoring.folders import score_folders

FRAMES = 24


@pytest.fixture(scope="module")
def folders(tmp_path_factory, request):
    count = FRAMES if request.config.getoption("benchmark_enable") else 2
    folders = [tmp_path_factory.mktemp(name) for name in ("estimate", "truth")]
    (truth,) = sharp_frames(1280, 720, 1)
    for folder, frame in zip(folders, (estimate_of(truth), truth), strict=True):
        for t in range(count):
            write_frame(folder / f"{t:03d}.png", frame)
    return folders


@pytest.mark.benchmark(group=f"{FRAMES} frames from PNG, all protocols: the baseline is one process")
@pytest.mark.parametrize("jobs", [1, 2])
def test_processes(benchmark, folders, tmp_path, jobs):
    estimate, truth = folders
    options = {"protocols": ["all"], "jobs": jobs}
    benchmark.pedantic(score_folders, (truth, estimate, tmp_path / "s.csv"), options, rounds=3, warmup_rounds=1)
