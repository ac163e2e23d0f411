"""The finished clips of a row that is not whole yet: each is a folder that appears by rename, with what it holds."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pvdbench.datasets.manifest import ClipFiles, FrameFiles
from pvdbench.inference.cost import ClipCost
from pvdbench.io.atomic import replaced_file, replaced_folder
from pvdbench.io.checksum import file_sha256
from pvdbench.io.images import read_frame

_RECORD, _FRAMES, _LOG, _FAILED = "clip.json", "frames", "program.log", ".failed"


class Likeness:
    """Whether every frame of a clip so far is the sharp one, and one of them not the blurry one."""

    def __init__(self, *, possible: bool) -> None:
        """Begin a clip; nothing is compared where frames are no deblurred ones."""
        self.sharp, self.changed = possible, False

    def look(self, frame: FrameFiles, values: bytes) -> None:
        """Compare the next frame, (H, W, 3) uint8."""
        if self.sharp:
            self.sharp = frame.truth is not None and read_frame(frame.truth).tobytes() == values
            self.changed = self.changed or read_frame(frame.blurry).tobytes() != values


@dataclass(frozen=True)
class FinishedClip:
    """What is known of a finished clip.

    Attributes:
        cost: as its process said.
        processes: how many ran side by side in its command.
        sharp, changed: as Likeness has them.
        sha256: of its files, by name.
    """

    cost: ClipCost
    processes: int
    sharp: bool
    changed: bool
    sha256: dict[str, str]


_AS_JSON = TypeAdapter(FinishedClip)


@dataclass(frozen=True)
class FinishedClips:
    """A folder of finished clips, by their number in the row, all made from the same data, code and weights.

    Attributes:
        folder: holds NUMBER/frames, what is known of them in NUMBER/clip.json, and what a program printed over them in
            NUMBER/program.log; where the method failed NUMBER.failed, with what was printed.
        processes: that run side by side in this command.
    """

    folder: Path
    processes: int = 1

    def __contains__(self, number: int) -> bool:
        """Tell whether a clip is there, its files as they were written."""
        try:
            there = self.read(number)
            frames = self._place(number) / _FRAMES
            return {path.name for path in frames.iterdir()} == there.sha256.keys() and all(
                file_sha256(frames / name) == sha256 for name, sha256 in there.sha256.items()
            )
        except (OSError, ValidationError, ValueError):
            return False

    def lack(self, numbers: Sequence[int]) -> list[int]:
        """List the clips that are not there."""
        return [number for number in numbers if not (self._place(number) / _RECORD).is_file()]

    def read(self, number: int) -> FinishedClip:
        """Read what is known of a clip that is there."""
        return _AS_JSON.validate_json((self._place(number) / _RECORD).read_bytes(), strict=True)

    @contextmanager
    def adding(self, number: int) -> Iterator[tuple[Path, Callable[[ClipCost, Likeness, bytes], None]]]:
        """Yield a folder for a clip's files, and what is to be called when they are all there.

        It takes the clip's cost, what it is like, and what a program printed.

        Raises:
            WriteError: if the disk is full or the folder cannot be written.
        """
        with replaced_folder(self._place(number)) as partial:
            frames = partial / _FRAMES
            frames.mkdir()

            def done(cost: ClipCost, likeness: Likeness, printed: bytes) -> None:
                sums = {path.name: file_sha256(path) for path in sorted(frames.iterdir())}
                clip = FinishedClip(cost, self.processes, likeness.sharp, likeness.changed, sums)
                (partial / _LOG).write_bytes(printed)
                (partial / _RECORD).write_bytes(_AS_JSON.dump_json(clip))

            yield frames, done

    def fail(self, number: int, printed: bytes) -> None:
        """Tell the other processes that the method failed on a clip, after which none is wanted."""
        with replaced_file(self._place(number).with_suffix(_FAILED)) as partial:
            partial.write_bytes(printed)

    def is_wanted(self, number: int) -> bool:
        """Tell whether a clip is still wanted: the first one that fails is the reason of the row."""
        return all(int(path.stem) >= number for path in self.folder.glob(f"*{_FAILED}"))

    def forget_failures(self) -> None:
        """Remove what an interrupted command left behind."""
        for path in self.folder.glob(f"*{_FAILED}"):
            path.unlink(missing_ok=True)

    def printed(self, count: int) -> bytes:
        """Join what a program printed over clips 0 to count - 1, up to the first that failed."""
        said = b""
        for place in map(self._place, range(count)):
            for log in (place / _LOG, failed := place.with_suffix(_FAILED)):
                said += log.read_bytes() if log.is_file() else b""
            if failed.is_file():
                break
        return said

    def hand_over(self, clips: Sequence[ClipFiles], out: Path) -> None:
        """Put the frames of every clip to out/VIDEO, as links to the same content; they stay here, too."""
        for number, clip in enumerate(clips):
            shutil.copytree(self._place(number) / _FRAMES, out / clip.video, copy_function=_linked)

    def _place(self, number: int) -> Path:
        return self.folder / f"{number:05d}"


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
