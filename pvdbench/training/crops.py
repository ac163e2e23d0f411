"""Random crops of consecutive frames (Sec. 4.1), the same crop for all frames of a sequence."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pvdbench.core.errors import DataError
from pvdbench.core.flow_files import read_flow
from pvdbench.core.images import read_frame
from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.training.params import Recipe

Batch = dict[str, Tensor]
"""blurry, sharp: (B, T, 3, h, w) in [0, 1]; flow: (B, T - 1, 2, h, w), from frame t to t - 1, where asked for."""


class SequenceCrops(Dataset[Batch]):
    """An endless supply of sequences; item n depends on the seed and n alone: any order, any worker gives the same."""

    def __init__(self, clips: list[ClipFiles], recipe: Recipe, length: int, seed: int, *, with_flow: bool) -> None:
        self._clips = [clip for clip in clips if len(clip.frames) >= length]
        if not self._clips:
            raise DataError(f"training clips: expected one of at least {length} frames, got none; shorten `sequence`")
        positions = np.array([len(clip.frames) - length + 1 for clip in self._clips], float)
        self._chances = positions / positions.sum()  # every start is equally likely
        self._recipe, self._length, self._seed, self._with_flow = recipe, length, seed, with_flow

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self._seed, index])
        clip = self._clips[rng.choice(len(self._clips), p=self._chances)]
        start = int(rng.integers(len(clip.frames) - self._length + 1))
        frames = clip.frames[start : start + self._length]
        blurry, sharp = _stack([f.blurry for f in frames]), _stack([f.sharp for f in frames])
        rows, columns = self._place(rng, blurry.shape, frames[0].blurry)
        item = {"blurry": blurry[..., rows, columns] / 255, "sharp": sharp[..., rows, columns] / 255}
        if self._with_flow:
            item["flow"] = _flows(frames)[..., rows, columns]
        return item

    def _place(self, rng: np.random.Generator, shape: torch.Size, path: Path) -> tuple[slice, slice]:
        (h, w), (crop_h, crop_w) = shape[2:], self._recipe.crop
        if crop_h > h or crop_w > w:
            raise DataError(f"{path}: expected at least {crop_w}x{crop_h} for the crop, got {w}x{h}; lower `crop`")
        y, x = int(rng.integers(h - crop_h + 1)), int(rng.integers(w - crop_w + 1))
        return slice(y, y + crop_h), slice(x, x + crop_w)


def _stack(paths: list[Path]) -> Tensor:
    return torch.stack([torch.from_numpy(read_frame(path).copy()).permute(2, 0, 1) for path in paths])


def _flows(frames: tuple[FrameFiles, ...]) -> Tensor:
    flows = []
    for frame in frames[1:]:
        if frame.flow is None:
            raise DataError(f"{frame.blurry}: expected a true flow beside it for the pre-training, got none; "
                            "pre-train on a rendered data set")  # fmt: skip
        flows.append(torch.from_numpy(read_flow(frame.flow)).permute(2, 0, 1))
    return torch.stack(flows)


def batches(
    clips: list[ClipFiles], recipe: Recipe, *, length: int, seed: int, device: torch.device, with_flow: bool = False
) -> Iterator[Batch]:
    """Batches without end, on device."""
    crops = SequenceCrops(clips, recipe, length, seed, with_flow=with_flow)
    loader = DataLoader(crops, recipe.batch, sampler=_Counting(), num_workers=recipe.workers)
    for batch in loader:
        yield {name: values.to(device) for name, values in batch.items()}


class _Counting(torch.utils.data.Sampler[int]):
    def __iter__(self) -> Iterator[int]:
        index = 0
        while True:
            yield index
            index += 1
