"""Read frames for training: from one memory-mapped array per clip where the data set is packed, else one by one."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.whole_file import open_file
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.io.atomic import replaced_file
from pvdbench.io.images import frame_size, read_frame

KINDS = ("blurry", "sharp")
_FOLDER = "packed"
_KEPT = 128 * 2**20
"""Bytes of decoded frames that a reader keeps; each process that reads frames has its own."""


def pack(folder: Path, split: str = "train") -> int:
    """Write VIDEO-{blurry,sharp}-SIGNATURE.npy for every clip below data/packed; those that are there already stay.

    Each is (T, H, W, 3) uint8, so that a crop is read without decoding. A file appears whole or not at all, and is
    compared with the last frame that it was made of before it does. Its name holds a signature of the frames' names
    and sizes in bytes: frames that were made again are not found packed.

    Args:
        folder: the data set; its packs lie beside it, as what DVC made must not change.

    Returns: how many arrays were written.
    Raises:
        DataError: if a frame is missing or damaged, or a pack that is there has another shape.
        WriteError: if the disk is full.
    """
    written = 0
    for clip in tqdm(read_clips(folder, split), f"pack {folder.name}", mininterval=1):
        for kind in KINDS:
            path = packed_path(folder, split, clip, kind)
            if not path.exists():
                _write(path, clip, kind)
                written += 1
    return written


def _write(path: Path, clip: ClipFiles, kind: str) -> None:
    files = [getattr(frame, kind) for frame in clip.frames]
    width, height = frame_size(files[0])
    with replaced_file(path) as partial:
        frames = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(files), height, width, 3))
        for t, file in enumerate(files):
            frames[t] = read_frame(file)
        frames.flush()
        if not np.array_equal(np.load(partial, mmap_mode="r")[-1], read_frame(files[-1])):
            raise OSError(f"what was written is not what {files[-1].name} holds")


def packed_path(folder: Path, split: str, clip: ClipFiles, kind: str) -> Path:
    """Make the path where the frames of a clip lie if they are packed."""
    files = [getattr(frame, kind) for frame in clip.frames]
    content = "".join(f"{file.name} {file.stat().st_size}\n" for file in files)
    signature = hashlib.sha256(content.encode()).hexdigest()[:12]
    return folder.parent / _FOLDER / folder.name / split / f"{clip.video}-{kind}-{signature}.npy"


class FrameReader:
    """Reads crops of frames; a packed clip is mapped into memory when it is first read.

    Of a data set that is not packed, but small enough, each frame is decoded once.
    """

    def __init__(self, folder: Path, split: str = "train", *, frames: int | None = None) -> None:
        """Begin to read.

        Args:
            frames: how many different ones there are to read; if given, they are kept once decoded if all fit in _KEPT.
        """
        self._folder, self._split, self._frames = folder, split, frames
        self._decoded: dict[Path, NDArray[np.uint8]] = {}
        self._packed: dict[tuple[str, str], NDArray[np.uint8] | None] = {}
        self._sizes: dict[str, tuple[int, int]] = {}

    def size(self, clip: ClipFiles) -> tuple[int, int]:
        """Read height and width of a clip."""
        if clip.video not in self._sizes:
            width, height = frame_size(clip.frames[0].blurry)
            self._sizes[clip.video] = height, width
        return self._sizes[clip.video]

    def read(self, clip: ClipFiles, kind: str, t: int, place: tuple[slice, slice]) -> NDArray[np.uint8]:
        """Read a part of frame t, (h, w, 3) bytes.

        Args:
            kind: "blurry" or "sharp".

        Raises:
            DataError: if the frame is missing or damaged, or the pack is not of these frames.
        """
        packed = self._map(clip, kind)
        if packed is not None:
            return np.asarray(packed[t][place])
        file = getattr(clip.frames[t], kind)
        frame = self._decoded[file] if file in self._decoded else read_frame(file)
        if self._frames is not None and self._frames * frame.nbytes <= _KEPT:
            self._decoded[file] = frame
        return frame[place]

    def _map(self, clip: ClipFiles, kind: str) -> NDArray[np.uint8] | None:
        key = clip.video, kind
        if key not in self._packed:
            path = packed_path(self._folder, self._split, clip, kind)
            self._packed[key] = self._load(path, clip) if path.exists() else None
        return self._packed[key]

    def _load(self, path: Path, clip: ClipFiles) -> NDArray[np.uint8]:
        expected = (len(clip.frames), *self.size(clip), 3)
        try:
            open_file(path).close()  # a pipe would never end
            packed: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        except Exception as error:  # NumPy reads its header as Python's text
            raise DataError(
                f"{path}: this packed clip cannot be read ({shorten(error)}); remove it and pack again"
            ) from error
        if packed.shape != expected or packed.dtype != np.uint8:
            raise DataError(f"{path}: this pack has shape {packed.shape} of {packed.dtype}, its clip {expected} of "
                            "uint8; remove it and pack again")  # fmt: skip
        return packed
