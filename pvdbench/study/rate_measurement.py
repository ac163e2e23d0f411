"""Measure this machine for a plan, in two seconds: two networks of the study's kind, and scoring a made-up clip."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.datasets.manifest import read_clips
from pvdbench.io.cost import hardware
from pvdbench.io.flow import write_flow
from pvdbench.io.images import read_frame, to_bytes, write_frame
from pvdbench.io.tables import MANIFEST, write_table
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.scoring.dataset import ScoredRow, score_row
from pvdbench.scoring.pixel_volume import Sources, score_volume
from pvdbench.scoring.truth import score_truth
from pvdbench.study.machine_rates import FrameSeconds, MachineRates
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.params import SequenceRecipe

_SIZES = (96, 64), (192, 128)  # width and height; from 192x128 on, seconds grow with the pixels
_FRAMES = 3
_NARROW = NetworkParams(volume="gray", width=0.25)  # the default study's network, and its batch and crop
_RECIPE = {"preset": "paper", "batch": 4, "crop": [64, 64], "sequence": 2}
_WIDE, _WIDE_SIZE = NetworkParams(volume="gray"), (1, 3, 96, 96)  # the paper's network


def measure_rates() -> MachineRates:
    """Measure one thread, by processor time, so that what else runs here does not count."""
    with _one_thread():
        operations = tuple(sorted([_update_rate(), _frame_rate()]))
        small, large = (_stage_seconds(*size) for size in _SIZES)
    return MachineRates(operations, {kind: _line(small[kind], large[kind]) for kind in small}, hardware())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute on one thread, and draw random numbers that nothing after depends on."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)


def _line(small: float, large: float) -> FrameSeconds:
    """The line through seconds per frame of two sizes, never falling."""
    low, high = (width * height / 1e6 for width, height in _SIZES)
    slope = max((large - small) / (high - low), 0.5 * large / high)
    return FrameSeconds(max(0.0, large - slope * high), slope)


def _update_rate() -> tuple[float, float]:
    """Operations of an update of the default study's network, and how many of them a second does."""
    recipe = SequenceRecipe.model_validate(_RECIPE)
    model = VideoDeblurrer(_NARROW, LiteFlowNet(_NARROW.width).requires_grad_(requires_grad=False))
    frames = torch.rand(recipe.batch, recipe.sequence, 3, *recipe.crop)
    batch = {"blurry": frames, "sharp": frames}
    return _rate(lambda: next(sequence_losses(model, batch, recipe)).backward())  # type: ignore[no-untyped-call]


def _frame_rate() -> tuple[float, float]:
    """Operations of a frame by the paper's network, and how many of them a second does."""
    model: nn.Module = VideoDeblurrer(_WIDE, LiteFlowNet(_WIDE.width))
    frames = [torch.rand(_WIDE_SIZE) for _ in range(5)]
    with torch.inference_mode():
        return _rate(lambda: model(*frames))


def _rate(call: Callable[[], object]) -> tuple[float, float]:
    with FlopCounterMode(display=False) as counter:  # this call warms up
        call()
    operations = float(counter.get_total_flops())
    return operations, operations / _seconds(call)


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return max(time.process_time() - start, 1e-6)


def _stage_seconds(width: int, height: int) -> dict[str, float]:
    """Seconds per frame of the stages that score, and of reading and writing one."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = _seconds(lambda: _write_clip(folder, width, height)) / (3 * _FRAMES)
        truth = _seconds(lambda: score_truth(folder, folder / "truth", ranking="plain-rgb")) / _FRAMES
        deblur = ScoredRow("", "", "deblur", folder, folder / "estimates", folder / "truth")
        motion = ScoredRow("", "", "motion", folder, folder / "estimates", folder / "truth")
        sources = Sources(*(folder / "estimates",) * 3)
        scored = {
            "score-deblur": _seconds(lambda: score_row(deblur, folder / "deblur.csv", protocols=["all"])) / _FRAMES,
            "score-motion": _seconds(lambda: score_row(motion, folder / "motion.csv", protocols=["all"])) / _FRAMES,
            "score-volume": _seconds(lambda: score_volume(
                folder, sources, folder / "volume.csv", dataset="", frames_per_video=_FRAMES - 1, tolerances=(0, 2),
                network=_NARROW)) / (_FRAMES - 1),
        }  # fmt: skip
        (clip,) = read_clips(folder, "test")
        files += _seconds(lambda: [read_frame(frame.blurry) for frame in clip.frames]) / _FRAMES
    return {"truth": truth, "files": files, **scored}


def _write_clip(folder: Path, width: int, height: int) -> None:
    """Write a data set of one clip of smooth noise that moves, with its estimates."""
    noise = gaussian_filter(np.random.default_rng(0).uniform(0, 1, (height, width + 2 * _FRAMES, 3)), (2, 2, 0))
    texture = (noise - noise.min()) / np.ptp(noise)
    rows = []
    for t in range(_FRAMES):
        sharp = texture[:, 2 * t : 2 * t + width]
        images = {"sharp": sharp, "blurry": gaussian_filter(sharp, (1, 2, 0))}
        images["estimates/clip"] = (sharp + images["blurry"]) / 2
        for kind, image in images.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            write_frame(folder / kind / f"{t}.png", to_bytes(image))
        write_flow(folder / "estimates" / "clip" / f"{t}.flo", np.full((height, width, 2), (2, 0), np.float32))
        rows.append(("clip", "test", str(t), f"blurry/{t}.png", f"sharp/{t}.png", "", "", width, height))
    write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)
