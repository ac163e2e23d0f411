"""Where a row's method runs: what it is not told of, and in the sandbox what is shown empty to it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pvdbench.datasets.manifest import ClipFiles
from pvdbench.methods.isolation import Place
from pvdbench.methods.sandbox import Sandbox

_TOP = 2  # parts of a path such as /home, which too much lies in to be hidden


def place_of_row(
    dataset: Path, clips: Sequence[ClipFiles], out: Path, methods: Path, folder: Path, *, sandbox: bool
) -> Place:  # fmt: skip
    """Choose the surroundings of a row's method.

    Args:
        dataset: the data set's folder.
        clips: its clips, whose files may lie elsewhere.
        out: the row's results.
        methods: the folder that holds the method.
        folder: the process's own.
    """
    dataset, out = dataset.resolve(), out.resolve()
    away = tuple(path for path in (dataset, *dataset.parents[:2], Path.cwd()) if len(path.parts) > _TOP)
    if not sandbox:
        return Place(folder, away)
    hidden = {path for path in _with_frames(dataset, clips, out) if len(path.parts) > _TOP and path.is_dir()}
    return Place(folder, away, Sandbox((*hidden, dataset), (methods.resolve(),)))


def _with_frames(dataset: Path, clips: Sequence[ClipFiles], out: Path) -> Iterator[Path]:
    """List folders that hold sharp frames, results that come close to them, or copies of either."""
    yield dataset.parent
    yield next((folder for folder in out.parents if folder.name == "data"), out.parent)
    yield from dataset.parents[1].glob("studies/*/data") if len(dataset.parents) > 1 else ()
    yield from (folder / ".dvc" for folder in dataset.parents)
    for file in (file for clip in clips for frame in clip.frames for file in (frame.blurry, frame.truth) if file):
        if not (place := file.resolve().parent).is_relative_to(dataset.parent):
            yield place
