"""Measure how cost grows with frames, clips and rows, and draw docs/images/growth.svg: python docs/growth.py."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from scipy.ndimage import gaussian_filter

from pvdbench.io.images import to_bytes, write_frame
from pvdbench.report.inputs import StudyInputs
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import named_protocols, score_rows
from pvdbench.scoring.score_file import read_score_file, score_table, write_score_file
from pvdbench.study.table_params import TableParams
from pvdbench.tables.build import build_tables

ROOT = Path(__file__).parents[1]

SIZES = (320, 180), (640, 360), (1280, 720), (1920, 1080), (3840, 2160)
FILES = 10, 100, 1000
FRAMES = 84  # of a score file: about 1,000 rows
LENGTHS = 10, 100, 1000
ROWS = 4, 16, 64, 256
SMALL = 96, 64


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
    score_rows(pair(*SMALL), chosen, 2)  # imports and plans
    found: dict[float, float] = {}
    for width, height in SIZES:
        frames = [pair(width, height) for _ in range(2)]  # a pair remembers what protocols share
        found[width * height / 1e6] = min(seconds(lambda frame=frame: score_rows(frame, chosen, 2)) for frame in frames)
    return found


def reading() -> dict[float, float]:
    """Seconds of reading and checking score files of about 1,000 rows one after the other, by all their rows."""
    chosen = named_protocols(["all"], "deblur")
    rows = [{"dataset": "d", "method": "m", "task": "deblur", "video": "v"} | scores | {"frame": f"{number:05d}"}
            for scores in score_rows(pair(*SMALL), chosen, 2) for number in range(FRAMES)]  # fmt: skip
    with TemporaryDirectory() as name:
        first = Path(name, "0.csv")
        write_score_file(first, score_table(rows, chosen))
        for number in range(1, max(FILES)):
            shutil.copyfile(first, Path(name, f"{number}.csv"))
        read_score_file(first)
        return {count * len(rows): seconds(lambda count=count: [read_score_file(Path(name, f"{number}.csv"))
                                                               for number in range(count)])
                for count in FILES}  # fmt: skip


def peak(*words: str | Path) -> float:
    """Largest MiB of a command's process, asked of a small program: a process counts what its parent held, too."""
    code = "import resource as r, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)"
    code += "; print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"
    command = [sys.executable, "-c", code, sys.executable, "-m", "pvdbench", *words]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) / 1024


def memory() -> tuple[dict[float, float], dict[float, float]]:
    """Largest MiB of scoring two folders under every protocol that applies, and of deblurring, by a clip's frames."""
    scored, deblurred, small = {}, {}, pair(*SMALL)
    with TemporaryDirectory() as name:
        truth, blurry = Path(name, "truth"), Path(name, "blurry")
        for length in LENGTHS:
            for folder, frame in ((truth, small.truth), (blurry, small.estimate)):
                folder.mkdir(exist_ok=True)
                for number in range(length):
                    write_frame(folder / f"{number:05d}.png", to_bytes(frame))
            scored[length] = peak("score", "folder", "--truth", truth, "--estimate", blurry, "--protocol", "all",
                                  "--out", Path(name, f"{length}.csv"))  # fmt: skip
            deblurred[length] = peak("deblur", blurry, "--method", "input", "--methods", ROOT / "methods",
                                     "--out", Path(name, str(length)))  # fmt: skip
    return scored, deblurred


def tables_and_report() -> tuple[dict[float, float], dict[float, float]]:
    """Seconds of the stage `tables` and of a report's numbers by the rows added to a study of 11 clips of 8 frames."""
    sys.path.insert(0, str(ROOT / "tests"))
    from fake_study import PARAMS, RANKING, make_fake_study

    found: dict[float, float] = {}
    reported: dict[float, float] = {}
    with TemporaryDirectory() as name:
        study = make_fake_study(Path(name, "study"), videos=11)
        data, row = study.root / "data", Path("deblur") / study.dataset
        scores, drawn = read_score_file(data / "scores" / row / "mc.csv"), np.random.default_rng(0)
        for count in ROWS:
            names = [f"row-{number}" for number in range(count)]
            for each in names:
                psnr = (scores["psnr_db"] + drawn.normal(0, 1, len(scores))).round(6)
                write_score_file(data / "scores" / row / f"{each}.csv", scores.assign(method=each, psnr_db=psnr))
                for folder in (data / "complexity" / row, data / "cost" / row):
                    shutil.copyfile(folder / "mc.json", folder / f"{each}.json")
            more = {each: each for each in names}
            params = TableParams.model_validate(PARAMS | {"table2": PARAMS["table2"] | more})
            found[count] = seconds(lambda params=params: build_tables(
                study.root, study.root, datasets=[study.dataset], params=params, ranking=RANKING))  # fmt: skip
            inputs = StudyInputs(study.root, study.root, study.dataset, [study.dataset], params, RANKING)
            reported[count] = seconds(lambda inputs=inputs: list(inputs.packs()))
    return found, reported


def draw(parts: dict[str, dict[float, float]], out: Path) -> None:
    """Draw each part on axes of its own, all logarithmic."""
    mpl.rcParams["svg.hashsalt"] = "growth"
    figure, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
    for axis in axes.flat[len(parts) :]:
        axis.remove()
    for axis, (label, points) in zip(axes.flat, parts.items(), strict=False):
        what, of = label.split(" by ")
        axis.loglog(points.keys(), points.values(), "o-")
        axis.set(xlabel=of, ylabel=what)
        axis.grid(visible=True, alpha=0.3)
        if "MiB" in what:
            axis.set_ylim(10, 10_000)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    scored, deblurred = memory()
    tables, reported = tables_and_report()
    found = {
        "seconds of scoring by million pixels of a frame": scoring(),
        "seconds of reading by rows of score files": reading(),
        "seconds of tables by rows of a study": tables,
        "seconds of a report's numbers by rows of a study": reported,
        "MiB of scoring by frames of a clip": scored,
        "MiB of deblurring by frames of a clip": deblurred,
    }
    for label, points in found.items():
        print(label, {round(x, 3): round(y, 3) for x, y in points.items()})
    draw(found, Path(__file__).parent / "images" / "growth.svg")
