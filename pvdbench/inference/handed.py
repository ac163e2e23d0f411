"""What a method is handed: copies of frames and weights, in a folder that holds no way to the data set."""

import hashlib
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pvdbench.core.errors import DataError, WriteError
from pvdbench.datasets.manifest import ClipFiles
from pvdbench.io.checksum import file_sha256
from pvdbench.io.half_done import file_facts
from pvdbench.io.images import read_frame
from pvdbench.io.weights import require_safetensors
from pvdbench.methods.card import MethodCard, locate_weights, named_files
from pvdbench.methods.clip import Clip


def hand_out(clips: Mapping[int, ClipFiles], folder: Path, *, truth: bool) -> dict[int, Clip]:
    """Copy the blurry frames of clips below a folder, under numbers.

    Args:
        clips: by their number in the row, which their copies' folder has.
        truth: whether the sharp frames go along, for a method that is an upper bound.

    Raises:
        DataError: if a frame cannot be read, or is missing where the truth is wanted.
        WriteError: if there is no room for the copies.
    """
    handed = {}
    for number, clip in clips.items():
        sharp = _copies([frame.sharp for frame in clip.frames], folder / "truth" / f"{number:03d}") if truth else None
        handed[number] = Clip(
            _copies([frame.blurry for frame in clip.frames], folder / "frames" / f"{number:03d}"),
            truth=None if sharp is None else Clip(sharp),
            video=clip.video,
            names=[frame.name for frame in clip.frames],
        )
    return handed


def hand_out_weights(weights: Mapping[str, Path], own: Path, folder: Path) -> dict[str, Path]:
    """Copy the weights that lie outside the method's own folder: their place would lead to the data.

    Args:
        own: the method's folder.
    """
    return {
        name: _copy(path, folder / "weights" / str(number) / path.name) if _is_copied(path, own) else path.absolute()
        for number, (name, path) in enumerate(weights.items())
    }


def _is_copied(path: Path, own: Path) -> bool:
    return path.exists() and not path.resolve().is_relative_to(own.resolve())


def _copies(files: Iterable[Path], folder: Path) -> list[Path]:
    return [_copy(file, folder / f"{t:05d}{file.suffix}") for t, file in enumerate(files)]


def _copy(file: Path, copy: Path) -> Path:
    """Copy a file's content or a folder's: a link would lead to the data set, and pass on what is written to it."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir():
            shutil.copytree(file, copy)
        else:
            shutil.copyfile(file, copy)
    except OSError as error:
        if error.filename == str(file) and error.filename2 is None:
            raise DataError(f"{file}: this file cannot be read ({error.strerror}); fix its permissions") from error
        raise WriteError(f"{copy.parent}: no copy of {file} can be made for the method ({error.strerror}); free space, "
                         "or name another temporary folder by TMPDIR") from error  # fmt: skip
    return copy


def kept_files(folder: Path) -> dict[Path, tuple[int, ...]]:
    """Map a method's files, but for Python's bytecode, to what changes with their content.

    The time of a change of the file itself (ctime) cannot be put back by the method.
    """
    found: dict[Path, tuple[int, ...]] = {}
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # it went away meanwhile
            if path.suffix != ".pyc" and path.is_file():
                found[path] = file_facts(path)
    return found


class Contents:
    """The content of a data set's files, by which a change is noticed even if sizes and times are as before."""

    def __init__(self, folder: Path, clips: Sequence[ClipFiles]) -> None:
        """Read the manifest and every file of the clips."""
        self._sums = _sums([folder / "manifest.csv", *(file for clip in clips for file in _files(clip))])

    @property
    def digest(self) -> str:
        """The SHA-256 of all sums, and of the files' names."""
        return hashlib.sha256(repr([(str(file), own) for file, own in self._sums.items()]).encode()).hexdigest()

    def require_same(self, name: str, clip: ClipFiles | None = None) -> None:
        """Refuse a data set that was changed since.

        Args:
            name: of the row that ran meanwhile.
            clip: to look at its frames alone.

        Raises:
            DataError: naming the first file.
        """
        known = self._sums if clip is None else [file for file in _files(clip) if file in self._sums]
        for file, after in _sums(known).items():
            if after != self._sums[file]:
                raise DataError(f"{file}: the method changed this file of the data set while {name} ran, or somebody "
                                "else did; restore it (`dvc checkout`, or make it again), and have the method write "
                                "elsewhere")  # fmt: skip


def _files(clip: ClipFiles) -> list[Path]:
    kinds = ((frame.blurry, frame.truth, frame.flow, frame.occlusion) for frame in clip.frames)
    return [file for frame in kinds for file in frame if file]


def _sums(files: Collection[Path]) -> dict[Path, str]:
    """Map files to their SHA-256; empty where there is none."""
    return {file: _sum(file) if file.is_file() else "" for file in dict.fromkeys(files)}


def _sum(file: Path) -> str:
    try:
        return file_sha256(file)
    except OSError as error:
        raise DataError(f"{file}: this file cannot be read ({error.strerror}); fix its permissions") from error


def require_readable(clips: Sequence[ClipFiles]) -> None:
    """Refuse a damaged data set, where a method failed: then it is not the method's fault.

    Raises:
        DataError: naming the first frame that cannot be decoded.
    """
    for file in (file for clip in clips for frame in clip.frames for file in (frame.blurry, frame.truth) if file):
        read_frame(file)


def require_sound(own: Path, card: MethodCard, weights: Iterable[Path]) -> None:
    """Refuse files of a method that cannot be read, and damaged weights, where it failed: then it was theirs.

    Args:
        own: the method's folder.
        weights: files beside those that its card names.

    Raises:
        DataError: naming the first file that cannot be read.
        WeightsError: naming the first that is no safetensors, or has another SHA-256 than its card says.
    """
    for file in sorted(named_files(own, card) | {path for path in weights if path.is_file()}):
        _sum(file)
        if file.suffix == ".safetensors":
            require_safetensors(file)
    missing = {name: own for name, named in card.weights.items() if not (own / named.file).is_file()}
    locate_weights(own, card, missing)
