"""Score files are the same bytes whichever kernels NumPy, OpenBLAS and PyTorch choose for a processor."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import METHODS
from skimage.color import rgb2gray

from pvdbench.core.colour import gray_709
from pvdbench.io.flow import write_flow
from pvdbench.io.images import write_frame
from pvdbench.io.tables import MANIFEST, write_table
from scoring.frames import noisy, textured

_AVX512 = {"OPENBLAS_CORETYPE": "SkylakeX", "ATEN_CPU_CAPABILITY": "avx512"}  # a processor without it would stop
KERNELS = (
    {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2"},
    {"OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,AVX", "OPENCV_IPP": "disabled"},
    *((_AVX512,) if torch.backends.cpu.get_cpu_capability() == "AVX512" else ()),
    {"OPENBLAS_CORETYPE": "Zen", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
     "AVX512_ICL"},
    {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX "
     "AVX512_CNL AVX512_ICL AVX2 FMA3"},
)  # fmt: skip
SCORE = """
import sys
from pathlib import Path
from pvdbench.scoring.dataset import ScoredRow, score_row
from pvdbench.scoring.truth import score_truth

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
score_truth(folder, out / "truth", ranking="plain-rgb")
for task in ("deblur", "motion"):
    row = ScoredRow("d", "m", task, folder, folder / "estimate", truth=out / "truth")
    score_row(row, out / f"{task}.csv", protocols=["all", "tof-ilk"])
"""


def _dataset(folder: Path, width: int, height: int, frames: int) -> Path:
    """A clip with true flow and occlusion, and estimates of it that are noisy, brighter and moved by a pixel."""
    rows, big = [], textured((height + 8, width + 40))
    for t in range(frames):
        sharp = big[4 : 4 + height, 20 - 2 * t : 20 - 2 * t + width]
        moved = noisy(big[4 : 4 + height, 21 - 2 * t : 21 - 2 * t + width], seed=t)
        files = {"sharp": sharp, "blurry": noisy(sharp, seed=50 + t), "estimate/v": moved // 2 + sharp // 3}
        for name, frame in files.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            write_frame(folder / name / f"{t}.png", frame)
        flow = np.random.default_rng(t).normal((-2, 0), 0.3, (height, width, 2)).astype(np.float32)
        for path in (folder / "estimate/v" / f"{t}.flo", folder / f"{t}.flo"):
            write_flow(path, flow)
            flow = flow + np.float32(0.37)
        write_frame(folder / f"{t}.png", np.zeros((height, width, 3), np.uint8))
        known = (f"{t}.flo", f"{t}.png") if t else (None, None)
        rows.append(("v", "test", str(t), f"blurry/{t}.png", f"sharp/{t}.png", *known, width, height))
    write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
    return folder


@pytest.mark.parametrize(("width", "height", "frames"), [(192, 128, 4), (1280, 720, 2)])
def test_every_kernel_gives_the_same_score_files(tmp_path, width, height, frames):
    folder = _dataset(tmp_path / "data", width, height, frames)
    written = []
    for number, kernels in enumerate(KERNELS):
        out = tmp_path / f"out{number}"
        subprocess.run([sys.executable, "-c", SCORE, folder, out], env=os.environ | kernels, check=True)
        files = [out / "deblur.csv", out / "motion.csv", out / "truth" / "truth.csv", *sorted(out.rglob("*.flo"))]
        written.append({path.relative_to(out): path.read_bytes() for path in files})
    assert len(written[0]) == 3 + frames - 1
    for kernels, files in zip(KERNELS[1:], written[1:], strict=True):
        assert [name for name in files if files[name] != written[0][name]] == [], kernels


TVL1 = """
import sys
from pathlib import Path
import torch
from pvdbench.io.images import read_frame
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_motion_estimator

methods, folder, out = (Path(argument) for argument in sys.argv[1:])
method = load_motion_estimator(methods, "tvl1")
method.load({}, torch.device("cpu"), **read_card(methods, "tvl1").options)
frames = (torch.from_numpy(read_frame(folder / "sharp" / f"{t}.png").copy()).permute(2, 0, 1) / 255 for t in (1, 0))
out.write_bytes(method.flow(*frames).numpy().tobytes())
"""


def test_every_kernel_gives_the_same_flow_by_tvl1(tmp_path):
    folder, written = _dataset(tmp_path / "data", 96, 64, 2), set()
    for number, kernels in enumerate(KERNELS):
        command = [sys.executable, "-c", TVL1, METHODS, folder, tmp_path / f"{number}"]
        subprocess.run(command, env=os.environ | kernels, check=True)
        written.add((tmp_path / f"{number}").read_bytes())
    assert len(written) == 1 and len(next(iter(written))) == 2 * 64 * 96 * 4


def test_gray_values_are_scikit_images():
    frame = textured((40, 50)) / 255
    assert gray_709(frame) == pytest.approx(rgb2gray(frame), abs=1e-12)
    assert gray_709(frame.astype(np.float32)).dtype == np.float32
