"""Measure how cost grows with frames and score files, and draw docs/images/growth.svg: python docs/growth.py."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from scipy.ndimage import gaussian_filter

from pvdbench.io.images import to_bytes
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import named_protocols, score_rows
from pvdbench.scoring.score_file import read_score_file, score_table, write_score_file

SIZES = (320, 180), (640, 360), (1280, 720), (1920, 1080)
FILES = 10, 100, 1000
FRAMES = 84  # of a score file: about 1,000 rows


def seconds(call: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def pair(width: int, height: int) -> FramePair:
    """A made-up frame and its truth."""
    noise = gaussian_filter(np.random.default_rng(0).uniform(0, 1, (height, width, 3)), (2, 2, 0))
    sharp = (noise - noise.min()) / np.ptp(noise)
    return FramePair(to_bytes(gaussian_filter(sharp, (1, 2, 0))), to_bytes(sharp))


def scoring() -> dict[float, float]:
    """Seconds of a frame under all protocols of one frame, by its million pixels."""
    chosen = named_protocols(["all"], "deblur")
    score_rows(pair(96, 64), chosen, 2)  # imports and plans
    frames = [pair(*size) for size in SIZES]
    return {frame.shape[0] * frame.shape[1] / 1e6: seconds(lambda frame=frame: score_rows(frame, chosen, 2))
            for frame in frames}  # fmt: skip


def reading() -> dict[float, float]:
    """Seconds of reading and checking score files of about 1,000 rows one after the other, by all their rows."""
    chosen = named_protocols(["all"], "deblur")
    rows = [{"dataset": "d", "method": "m", "task": "deblur", "video": "v"} | scores | {"frame": f"{number:05d}"}
            for scores in score_rows(pair(96, 64), chosen, 2) for number in range(FRAMES)]  # fmt: skip
    with TemporaryDirectory() as name:
        first = Path(name, "0.csv")
        write_score_file(first, score_table(rows, chosen))
        for number in range(1, max(FILES)):
            shutil.copyfile(first, Path(name, f"{number}.csv"))
        read_score_file(first)
        return {count * len(rows): seconds(lambda count=count: [read_score_file(Path(name, f"{number}.csv"))
                                                               for number in range(count)])
                for count in FILES}  # fmt: skip


def draw(parts: dict[str, dict[float, float]], out: Path) -> None:
    """Draw each part on axes of its own, both logarithmic."""
    mpl.rcParams["svg.hashsalt"] = "growth"
    figure, axes = plt.subplots(1, len(parts), figsize=(8, 3), layout="constrained")
    for axis, (label, points) in zip(axes, parts.items(), strict=True):
        axis.loglog(points.keys(), points.values(), "o-")
        axis.set(xlabel=label, ylabel="processor seconds")
        axis.grid(visible=True, alpha=0.3)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    found = {"million pixels of a frame that is scored": scoring(), "rows of score files that are read": reading()}
    for label, points in found.items():
        print(label, {round(x, 3): round(y, 3) for x, y in points.items()})
    draw(found, Path(__file__).parent / "images" / "growth.svg")
