"""The scores of a row's finished clips, kept until the row's score file is written."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pvdbench.datasets.manifest import ClipFiles
from pvdbench.io.atomic import replaced_file
from pvdbench.io.half_done import HalfDone, digest, facts_digest, program_identity

Scores = list[dict[str, Any]]
"""Of one clip: a row for each frame and protocol."""


class HalfScores:
    """Keeps each clip's scores as JSON, which has every float as it was, NaN included."""

    def __init__(self, folder: Path, told: object, files: Sequence[Path]) -> None:
        """Take over what an interrupted command kept, if it came from the same.

        Args:
            folder: of this row's own.
            told: what is scored, and how.
            files: that are read.

        Raises:
            WriteError: if the folder cannot be written.
        """
        self._half = HalfDone(folder)
        identity = {"the files": facts_digest(files), "what is scored": digest(told)}
        self._folder, _ = self._half.begin(program_identity() | identity)

    def read(self, clip: ClipFiles) -> Scores | None:
        """Return a finished clip's scores; None if it is not finished."""
        try:
            return list(json.loads(self._place(clip).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, clip: ClipFiles, scores: Scores) -> None:
        """Keep the scores of a clip that is finished now."""
        with replaced_file(self._place(clip)) as partial:
            partial.write_text(json.dumps(scores, default=np.generic.item), encoding="utf-8")

    def remove(self) -> None:
        """Remove everything, now that the score file is written."""
        self._half.remove()

    def _place(self, clip: ClipFiles) -> Path:
        return self._folder / f"{digest(clip.video)[:16]}.json"


def scored_files(clips: Sequence[ClipFiles], *folders: Path | None) -> list[Path]:
    """List the files of clips that are there, and those of folders."""
    return list(_files(clips, [folder for folder in folders if folder is not None]))


def foreign_code(modules: Iterable[str]) -> list[Path]:
    """List the files of the installed packages that modules are of, but for pvdbench's own."""
    tops = {name.partition(".")[0] for name in modules} - {"pvdbench"}
    places = [Path(found) for top in sorted(tops) if (found := getattr(sys.modules.get(top), "__file__", None))]
    inits = [path for place in places if place.stem == "__init__" for path in place.parent.rglob("*.py")]
    return [*places, *inits]


def _files(clips: Sequence[ClipFiles], folders: Sequence[Path]) -> Iterator[Path]:
    for frame in (frame for clip in clips for frame in clip.frames):
        kinds = (frame.blurry, frame.truth, frame.flow, frame.occlusion)
        yield from (file for file in kinds if file is not None and file.is_file())
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())
