"""Every score and draw that the page computes with, packed into small scripts that a page on disk can load."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pvdbench.analysis.bootstrap import Bootstrap
from pvdbench.analysis.scores import score_path, with_beside, with_blurriness
from pvdbench.io.tables import TRAINING_LOG, read_table
from pvdbench.scoring.protocol import Task
from pvdbench.scoring.score_file import read_score_file

_ERRORS = ("epe_px", "epe_visible_px")


@dataclass(frozen=True)
class Pack:
    """One script of numbers; the page asks for it by its key when it needs it."""

    key: str
    value: Mapping[str, Any]

    def script(self) -> str:
        """JavaScript that hands the value over: data alone, and no `<` that could end an element."""
        return f"pvdbench.receive({plain_json(self.key)}, {plain_json(self.value)});\n"


@dataclass(frozen=True)
class TaskNumbers:
    """The score files of one data set and task, read whole.

    Attributes:
        frames: (video, frame) of every scored frame, sorted.
        rows: row name to all of its file's lines, protocols and frames that are not counted included.
    """

    dataset: str
    task: Task
    frames: tuple[tuple[str, str], ...]
    rows: Mapping[str, pd.DataFrame]

    @property
    def protocols(self) -> tuple[str, ...]:
        """Those of the first row's file, in its order."""
        if not self.rows:
            return ()
        first = next(iter(self.rows.values()))
        return tuple(first.loc[first["psnr_db"].notna(), "protocol"].unique())

    def packs(self) -> Iterator[Pack]:
        """What belongs to frames whatever the protocol, then a pack a protocol."""
        yield Pack(f"{self.dataset}/{self.task}", self._frame_numbers())
        for protocol in self.protocols:
            yield Pack(f"{self.dataset}/{self.task}/{protocol}", self._scores(protocol))

    def _frame_numbers(self) -> dict[str, Any]:
        first = next(iter(self.rows.values()))
        errors = [name for name in _ERRORS if name in first and first[name].notna().any()]
        one = {name: with_beside(rows[rows["protocol"] == self.protocols[0]], rows) for name, rows in self.rows.items()}
        blurriness = packed(self._ordered(next(iter(one.values())), "blurriness_db"))
        return {"blurriness": blurriness} | {
            key: {name: packed(self._ordered(rows, key)) for name, rows in one.items()} for key in errors
        }

    def _scores(self, protocol: str) -> dict[str, Any]:
        one = {name: rows[rows["protocol"] == protocol] for name, rows in self.rows.items()}
        counted = self._ordered(next(iter(one.values())), "counted").fillna(False)
        return {"counted": "".join("1" if flag else "0" for flag in counted)} | {
            key: {name: packed(self._ordered(rows, key)) for name, rows in one.items()} for key in ("psnr_db", "ssim")
        }

    def _ordered(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """One value a frame, NaN where the row has none."""
        return rows.set_index(["video", "frame"])[column].reindex(list(self.frames))


def read_numbers(study: Path, task: Task, dataset: str, rows: Iterable[str]) -> TaskNumbers:
    """Read the score file of every row that has one; that of a row whose method failed is empty, and left out.

    Raises:
        DataError: if a file is damaged.
    """
    paths = {row: score_path(study, task, dataset, row) for row in rows}
    read = {
        row: with_blurriness(read_score_file(path, dataset=dataset, method=row, task=task), study, dataset)
        for row, path in paths.items()
        if path.is_file()
    }
    tables = {row: table for row, table in read.items() if len(table)}
    frames = sorted({pair for table in tables.values() for pair in zip(table["video"], table["frame"], strict=True)})
    return TaskNumbers(dataset, task, tuple(frames), tables)


def draw_packs(bootstrap: Bootstrap, videos: int) -> Iterator[Pack]:
    """What the page resamples: a pack for each number of videos that an average can be over."""
    for count in range(2, videos + 1):
        yield Pack(f"draws/{count}", {"draws": packed(bootstrap.draws(count), "<u2")})


def training_packs(study: Path) -> Iterator[Pack]:
    """The logs of data/training: steps and losses of every network that was trained."""
    for task in ("motion", "deblur"):
        logs = {path.stem: read_table(path, TRAINING_LOG) for path in sorted(study.glob(f"data/training/{task}/*.csv"))}
        yield Pack(
            f"training/{task}",
            {
                name: {"step": packed(log["step"]), "loss": packed(log["loss"])}
                for name, log in logs.items()
                if len(log)
            },
        )


def packed(values: ArrayLike, dtype: str = "<f8") -> str:
    """Numbers as base64 of their bytes, nothing rounded."""
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


def plain_json(value: Any) -> str:
    """JSON that is safe inside a script element; a number that is not finite is refused."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
