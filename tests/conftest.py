"""What several test folders share: tiny data sets, one thread per process, and which tests run first."""

import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from fake_study import fake, own  # noqa: F401
from hypothesis import settings
from threadpoolctl import threadpool_limits

from pvdbench.io.flow import write_flow
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, write_table

ROOT = Path(__file__).parents[1]
METHODS = ROOT / "methods"

FIRST = (
    "pipeline", "report", "training", "figures", "methods",
    "test_skipped", "test_same_bytes", "test_fingerprints", "test_build_tables", "test_readme", "cli",
)  # fmt: skip
"""Folders and modules that take longest, so that no worker begins one of them when the others are done."""
SLOW = {
    "pipeline", "training", "report", "figures", "fuzz",
    "test_every_method", "test_skipped", "test_flownet2", "test_same_bytes",
    "test_fingerprints", "test_plan", "test_readme", "test_docs", "test_extensions", "test_cluster",
    "test_process_tree", "test_recorder", "test_stage_work", "test_study_run", "test_workers", "test_slurm",
    "test_guarded_command", "test_whose_fault", "test_lock", "faults", "test_shares",
    "test_half_row", "test_half_scores", "test_bench_all", "test_measure",
}  # fmt: skip
"""Folders and modules that `make test-fast` leaves out, beside what opens a browser or is marked slow itself."""


def pytest_configure():
    """Give this process, and those that it starts, one thread, so that workers side by side do not fight.

    Those keep bytecode, as Python does by itself: compiling the package anew is a sixth of a short command's time. They
    heed Ctrl-C and a terminal's end, though the tests may run by nohup or in a shell's background, which ignores these.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    threadpool_limits(1)
    torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Mark what is slow, and begin with it."""
    for item in items:
        folder = _folder(item)
        if {folder, item.path.stem} & SLOW or item.get_closest_marker("browser"):
            item.add_marker("slow")
    items.sort(key=_turn)


def _turn(item):
    names = {_folder(item), item.path.stem}
    return next((turn for turn, name in enumerate(FIRST) if name in names), len(FIRST))


def _folder(item):
    return item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""


def make_dataset(folder: Path, *, videos=("a", "b"), frames=4, size=(48, 64), seed=0) -> Path:
    """A data set of smooth noise that moves one pixel right a frame; blurry is the mean of three neighbours.

    Every video is in both splits, so that any stage runs on it.
    """
    rng = np.random.default_rng(seed)
    h, w = size
    rows = []
    for video in videos:
        texture = rng.random((h // 4 + 2, w // 4 + frames + 4, 3)).repeat(4, 0).repeat(4, 1) * 255
        for kind in ("input", "GT", "flow", "occlusion"):
            (folder / video / kind).mkdir(parents=True)
        for t in range(frames):
            shots = [texture[:h, 4 + frames - t + d : 4 + frames - t + d + w] for d in (-1, 0, 1)]
            name = f"{t:05d}"
            write_frame(folder / video / "GT" / f"{name}.png", shots[1].astype(np.uint8))
            write_frame(folder / video / "input" / f"{name}.png", np.mean(shots, 0).astype(np.uint8))
            flow = occlusion = None
            if t:
                flow, occlusion = f"{video}/flow/{name}.flo", f"{video}/occlusion/{name}.png"
                write_flow(folder / flow, np.broadcast_to(np.float32([-1, 0]), (h, w, 2)))
                write_frame(folder / occlusion, np.zeros((h, w, 3), np.uint8))
            for split in ("train", "test"):
                files = (f"{video}/input/{name}.png", f"{video}/GT/{name}.png", flow, occlusion)
                rows.append((video, split, name, *files, w, h))
    write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two videos of four 64x48 frames."""
    return make_dataset(tmp_path / "tiny")


settings.register_profile("pvdbench", deadline=None, derandomize=True)  # the same examples every time, no timed failure
settings.load_profile("pvdbench")
