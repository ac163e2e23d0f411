"""Estimate the flow between blurry frames and warp the sharp ones by it (Sec. 4.2)."""

from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import read_clips
from pvdbench.inference.cost import RunCost, clock, multiply_adds, run_cost
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.flow import write_flow
from pvdbench.io.images import to_bytes, write_frame
from pvdbench.methods.clip import Clip
from pvdbench.methods.interface import MotionEstimator, require
from pvdbench.methods.isolation import Progress


def run_motion(
    method: MotionEstimator, name: str, dataset: Path, out: Path, *, beat: Progress = lambda: None
) -> RunCost:
    """Write out/VIDEO/FRAME.flo and the warped sharp frame FRAME.png for every test frame but a clip's first.

    The flow leads from blurry frame t to blurry frame t - 1; the sharp frame t - 1 warped by it is to be
    compared with the sharp frame t.

    Args:
        method, name, dataset, beat: as run_deblurring.

    Returns: what it cost.
    Raises:
        MethodError: if the flow has another shape or values that are not finite.
    """
    milliseconds: list[float] = []
    clips = read_clips(dataset, "test")
    counted = _warm_up(method, Clip([frame.blurry for frame in clips[0].frames[:2]]))
    with replaced_folder(out) as folder:
        for files in tqdm(clips, name, mininterval=1):
            (folder / files.video).mkdir()
            blurry, sharp = Clip([f.blurry for f in files.frames]), Clip([f.sharp for f in files.frames])
            for t in range(1, len(blurry)):
                flow, ms = _timed_flow(method, name, blurry[t], blurry[t - 1])
                milliseconds.append(ms)
                place = folder / files.video / files.frames[t].name
                write_flow(place.with_suffix(".flo"), flow.permute(1, 2, 0).numpy())
                warped = backward_warp(sharp[t - 1][None], flow[None])[0]
                write_frame(place.with_suffix(".png"), to_bytes(warped.permute(1, 2, 0).numpy()))
                beat()
    return run_cost(method.parameters(), milliseconds, flow, counted)


def _warm_up(method: MotionEstimator, pair: Clip) -> float | None:
    """Estimate the first flow, which is slow and not timed, and count multiply-adds where PyTorch does the work."""
    target, source = pair[-1], pair[0]
    height, width = target.shape[1:]
    if not sum(method.parameters().values()):
        method.flow(target, source)
        return None
    return multiply_adds(lambda: method.flow(target, source), frames=1, width=width, height=height)


def _timed_flow(method: MotionEstimator, name: str, target: Tensor, source: Tensor) -> tuple[Tensor, float]:
    start = clock()
    flow = method.flow(target, source)
    ms = (clock() - start) * 1000
    require(flow, (2, *target.shape[1:]), f"{name}: flow")
    return flow, ms
