"""Random crops of consecutive frames (Sec. 4.1), the same crop for all frames of a sequence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pvdbench.core.errors import DataError
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.datasets.packed import KINDS, FrameReader
from pvdbench.io.flow import read_flow
from pvdbench.methods.clip import to_tensor
from pvdbench.training.distributed import Processes, end_with_parent
from pvdbench.training.params import Recipe

Window = tuple[slice, slice]
"""Rows and columns of a crop."""
Batch = dict[str, Tensor]
"""blurry, sharp: (B, T, 3, h, w) in [0, 1]; flow: (B, T - 1, 2, h, w), from frame t to t - 1, if asked for;
origin: (B, 2), the number of the clip and of the first frame in it."""


@dataclass(frozen=True)
class Sequences:
    """Describes which frames of the clips make a sequence.

    Attributes:
        length: frames that the loss sees.
        margin: further frames before and after these; at a clip's ends its last frame repeats.
        fixed: whether sequences start only at multiples of their length.
        noise: standard deviation, for values in [-1, 1], of what is added to a blurry frame with probability 1/2.
        flips: whether frames are mirrored and, where crops are square, transposed; not together with flow.
        with_flow: whether the true flow comes along.
    """

    length: int
    margin: int = 0
    fixed: bool = False
    noise: float = 0.0
    flips: bool = False
    with_flow: bool = False


class SequenceCrops(Dataset[Batch]):
    """Endlessly many sequences; item n depends on the seed and n alone, whatever the order and the worker."""

    def __init__(self, folder: Path, clips: list[ClipFiles], recipe: Recipe, sequences: Sequences, seed: int) -> None:
        self._clips = [clip for clip in clips if len(clip.frames) >= sequences.length]
        self._reader = FrameReader(folder, frames=len(KINDS) * sum(len(clip.frames) for clip in self._clips))
        if not self._clips:
            raise DataError(f"{folder}: no training clip has {sequences.length} frames; shorten `sequence`")
        self._recipe, self._sequences, self._seed = recipe, sequences, seed
        positions = np.array([len(self._starts(clip)) for clip in self._clips], float)
        self._chances = positions / positions.sum()  # so that every start is equally likely

    @property
    def videos(self) -> list[str]:
        """Names of the clips, by the number in `origin`."""
        return [clip.video for clip in self._clips]

    def _starts(self, clip: ClipFiles) -> range:
        step = self._sequences.length if self._sequences.fixed else 1
        return range(0, len(clip.frames) - self._sequences.length + 1, step)

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self._seed, index])
        number = rng.choice(len(self._clips), p=self._chances)
        clip = self._clips[number]
        starts = self._starts(clip)
        start = starts[int(rng.integers(len(starts)))]
        last, margin = len(clip.frames) - 1, self._sequences.margin
        numbers = [min(max(t, 0), last) for t in range(start - margin, start + self._sequences.length + margin)]
        window = self._crop_window(rng, clip)
        item = {
            "origin": torch.tensor([number, start]),
            "blurry": self._noisy(rng, self._stack(clip, "blurry", numbers, window)),
            "sharp": self._stack(clip, "sharp", numbers, window),
        }
        if self._sequences.with_flow:
            item["flow"] = _flows(clip, numbers, window)
        return _flipped(rng, item) if self._sequences.flips else item

    def _crop_window(self, rng: np.random.Generator, clip: ClipFiles) -> Window:
        (h, w), (crop_h, crop_w) = self._reader.size(clip), self._recipe.crop
        if crop_h > h or crop_w > w:
            raise DataError(f"{clip.frames[0].blurry}: a frame of {w}x{h} is smaller than the crop of "
                            f"{crop_w}x{crop_h}; lower `crop`")  # fmt: skip
        y, x = int(rng.integers(h - crop_h + 1)), int(rng.integers(w - crop_w + 1))
        return slice(y, y + crop_h), slice(x, x + crop_w)

    def _stack(self, clip: ClipFiles, kind: str, numbers: list[int], window: Window) -> Tensor:
        # stacked they are contiguous, wherever the frames came from: in another layout convolutions round differently
        return torch.stack([to_tensor(self._reader.read(clip, kind, t, window)) for t in numbers])

    def _noisy(self, rng: np.random.Generator, blurry: Tensor) -> Tensor:
        if not self._sequences.noise:
            return blurry
        chosen = (rng.random((len(blurry), 1, 1, 1)) < 0.5) * self._sequences.noise / 2  # [0, 1] is half as wide
        return (blurry + torch.from_numpy(chosen * rng.normal(size=blurry.shape)).float()).clamp(0, 1)


def _flipped(rng: np.random.Generator, item: Batch) -> Batch:
    """Mirror and transpose all frames of a sequence alike, each with probability 1/2."""
    vertical, horizontal, transposed = rng.random(3) < 0.5
    axes = [axis for axis, chosen in ((-2, vertical), (-1, horizontal)) if chosen]
    h, w = item["blurry"].shape[-2:]
    flipped = {kind: item[kind].flip(axes) for kind in ("blurry", "sharp")}
    if transposed and h == w:
        flipped = {kind: frames.transpose(-2, -1) for kind, frames in flipped.items()}
    return item | {kind: frames.contiguous() for kind, frames in flipped.items()}


def _flows(clip: ClipFiles, numbers: list[int], window: Window) -> Tensor:
    flows = []
    for frame in (clip.frames[t] for t in numbers[1:]):
        if frame.flow is None:
            raise DataError(f"{frame.blurry}: this frame has no true flow, which pre-training needs; name a rendered "
                            "data set under `datasets.pretrain`")  # fmt: skip
        flows.append(torch.from_numpy(read_flow(frame.flow)[window].copy()).permute(2, 0, 1))
    return torch.stack(flows)


def batches(
    crops: SequenceCrops, recipe: Recipe, *, first: int, processes: Processes, device: torch.device
) -> Iterator[Batch]:
    """Yield batches without end, from number first on, on device; each process gets its share of every batch."""
    share = processes.share(recipe.batch)
    loader = DataLoader(
        crops,
        share,
        sampler=_ShareOfBatches(first * recipe.batch + processes.rank * share, share, recipe.batch),
        num_workers=recipe.workers,
        worker_init_fn=end_with_parent,
        pin_memory=device.type == "cuda",
    )
    for batch in loader:
        yield {name: values.to(device, non_blocking=True) for name, values in batch.items()}


class _ShareOfBatches(torch.utils.data.Sampler[int]):
    """Yields one process's item numbers: share of every batch, from first on."""

    def __init__(self, first: int, share: int, batch: int) -> None:
        self._first, self._share, self._batch = first, share, batch

    def __iter__(self) -> Iterator[int]:
        start = self._first
        while True:
            yield from range(start, start + self._share)
            start += self._batch
