"""Sec. 4.4: how often a pixel volume holds a majority value, how often it is right, and what deblurring makes of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from pvdbench.core.colour import gray
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.io.flow import read_flow
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import read_frame
from pvdbench.io.tables import VOLUME_STATISTICS, write_table
from pvdbench.methods.clip import to_tensor
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.pixel_volume import pixel_volume

Bytes = NDArray[np.int16]  # gray values 0 to 255; signed, so that differences are


@dataclass(frozen=True)
class Sources:
    """Where the frames lie: the flow, and the deblurred frames of the row with a volume and of the one without."""

    flow: Path
    volume_frames: Path
    warp_frames: Path


def score_volume(
    dataset_folder: Path,
    sources: Sources,
    out: Path,
    *,
    dataset: str,
    frames_per_video: int,
    tolerances: Sequence[int],
    network: NetworkParams,
) -> None:
    """Count over some frames of each test clip and write out (VOLUME_STATISTICS), a row a video and quantity.

    The paper takes ten frames a video and does not say which, nor whether gray or colour values are compared, nor what
    becomes of the border. Here: frames spread evenly, the first left out; gray values rounded to bytes, as the volume
    is gray; border pixels counted like all others, with the candidates that the network gets there.

    Args:
        frames_per_video: at most; all but the first where a clip has fewer.
        tolerances: the c of "within +-c"; the largest one judges the deblurred frames.
        network: of the row with the volume, which says how large its volume is and how it reads coordinates.

    Raises:
        DataError: if a frame or a flow is missing, damaged or of another size.
    """
    rows: list[tuple[str, str, str, int, int]] = []
    failed = any(read_failure(folder) for folder in vars(sources).values())  # then there is nothing to count
    for clip in [] if failed else read_clips(dataset_folder, "test"):
        hits: Counter[str] = Counter()
        totals: Counter[str] = Counter()
        for t in _spread(len(clip.frames), frames_per_video):
            for quantity, hit, total in _count_frame(clip, t, sources, tolerances, network):
                hits[quantity] += hit
                totals[quantity] += total
        rows += [(dataset, clip.video, quantity, hits[quantity], totals[quantity]) for quantity in totals]
    write_table(out, pd.DataFrame(rows, columns=list(VOLUME_STATISTICS)), VOLUME_STATISTICS)


def _spread(frames: int, count: int) -> list[int]:
    """At most count of the frames 1 to frames - 1, evenly spread."""
    return sorted({round(t) for t in np.linspace(1, frames - 1, min(count, frames - 1))})


def _count_frame(
    clip: ClipFiles, t: int, sources: Sources, tolerances: Sequence[int], network: NetworkParams
) -> Iterator[tuple[str, int, int]]:
    files, before = clip.frames[t], clip.frames[t - 1]
    flow = torch.from_numpy(read_flow(sources.flow / clip.video / f"{files.name}.flo")).permute(2, 0, 1)[None]
    previous = _read_gray(sources.volume_frames / clip.video / f"{before.name}.png")
    current = _read_gray(files.blurry) * 2 - 1  # the networks' range
    size, coordinates = network.size, network.coordinates
    volume = pixel_volume(previous * 2 - 1, flow, current, size=size, coordinates=coordinates)
    truth = _to_bytes(_read_gray(files.sharp))[0]
    outputs = {
        "PV": _to_bytes(_read_gray(sources.volume_frames / clip.video / f"{files.name}.png"))[0],
        "naive_warp": _to_bytes(_read_gray(sources.warp_frames / clip.video / f"{files.name}.png"))[0],
    }
    yield from count_majorities(_to_bytes((volume[0] + 1) / 2), truth, outputs, tolerances)


def count_majorities(
    volume: Bytes, truth: Bytes, outputs: dict[str, Bytes], tolerances: Sequence[int]
) -> Iterator[tuple[str, int, int]]:
    """The quantities of Sec. 4.4 for one frame.

    Args:
        volume: (k * k, H, W) candidates.
        truth: (H, W).
        outputs: name to deblurred frame (H, W).
        tolerances: the c of "within +-c".

    Yields: quantity, hits, total.
    """
    value, known = majority(volume)
    yield "pixels_with_majority", int(known.sum()), known.size
    for c in tolerances:
        yield f"majority_accuracy_c{c}", int((known & _near(value, truth, c)).sum()), int(known.sum())
    c = max(tolerances)
    right = known & _near(value, truth, c)
    regions = {"majority_correct": right, "majority_wrong": known & ~right, "no_majority": ~known}
    for region, where in regions.items():
        for name, output in outputs.items():
            yield f"acc_{region}_{name}", int((where & _near(output, truth, c)).sum()), int(where.sum())


def majority(volume: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
    """The value that more than half of the candidates share, and where there is one.

    Such a value is the median; so it is enough to count how many candidates equal that.

    Args:
        volume: (K, H, W), K odd.
    """
    median = np.sort(volume, 0)[len(volume) // 2]
    return median, (volume == median).sum(0) > len(volume) / 2


def _near(values: Bytes, truth: Bytes, c: int) -> NDArray[np.bool_]:
    return np.asarray(np.abs(values - truth) <= c)


def _read_gray(path: Path) -> Tensor:
    """(1, 1, H, W) in [0, 1]."""
    return gray(to_tensor(read_frame(path))[None])


def _to_bytes(values: Tensor) -> Bytes:
    return values.reshape(-1, *values.shape[-2:]).clamp(0, 1).mul(255).round().to(torch.int16).numpy()
