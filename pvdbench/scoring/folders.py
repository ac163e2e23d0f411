"""Scores of any two folders of frames, a data set or not: what `pvdbench score folder` does."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.core.executor import Jobs, in_order
from pvdbench.io.images import read_frame
from pvdbench.scoring.dataset import read_estimate
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.pairing import PairedFrame, pair_folders
from pvdbench.scoring.protocol import Protocol
from pvdbench.scoring.registry import named_protocols, score_rows
from pvdbench.scoring.score_file import score_table, write_score_file
from pvdbench.scoring.summary import EQUAL, NO_INFORMATION, Summary, summarize

_Scored = tuple[tuple[int, ...], list[dict[str, Any]]]
"""The shape of a frame, and its rows with set_apart: why no average counts one that its protocol's frames hold."""


def score_folders(
    truth: Path, estimate: Path, out: Path | None = None, *, protocols: str | Iterable[str],
    frame_offset: int | None = None, jobs: Jobs = 1,
) -> tuple[pd.DataFrame, list[Summary]]:  # fmt: skip
    """Score the frames of estimate against those of truth.

    Frames are paired by name, path within the folder included; sub-folders are clips. With an offset they are paired by
    their order in their clip: the first estimate with the truth so many frames later, for methods whose output starts
    late (the authors' evaluation of OVD).

    Args:
        truth, estimate: folders of 8-bit RGB frames, PNG or JPEG.
        out: the score file to write, if any: dataset is the name of truth, method that of estimate, video the clip's
            path.
        protocols: names, or "all".
        jobs: processes; the scores are the same for any number.

    Returns: the scores, and a summary per protocol.
    Raises:
        DataError: if a folder is empty, a frame has no partner, is damaged or not of its partner's size or its clip's.
        ParamsError: if there is no protocol of a name.
    """
    chosen = named_protocols(protocols, any_frames=True)
    pairs = pair_folders(truth, estimate, frame_offset)
    names = {"dataset": truth.resolve().name, "method": estimate.resolve().name, "task": "deblur"}
    scored = in_order(_score, [(pair, chosen) for pair in pairs], jobs=jobs)
    rows = [names | row for of_frame in _of_one_size(pairs, scored) for row in of_frame]
    table = score_table(rows, chosen)
    if out is not None:
        write_score_file(out, table)
    table_and_reasons = table.assign(set_apart=[row["set_apart"] for row in rows])
    return table, [summarize(protocol, table_and_reasons) for protocol in chosen]


def _score(job: tuple[PairedFrame, tuple[Protocol, ...]]) -> _Scored:
    files, chosen = job
    truth = read_frame(files.truth)
    pair = FramePair(read_estimate(files.estimate, truth, files.truth), truth)
    rows = score_rows(pair, chosen, files.number)
    taken = {protocol.name for protocol in chosen if protocol.counted(files.number)}
    for row in rows:
        row |= {"video": files.clip, "frame": files.name, "set_apart": ""}
        if row["protocol"] in taken and not row["counted"]:
            row["set_apart"] = EQUAL if np.array_equal(pair.estimate, pair.truth) else NO_INFORMATION
    return truth.shape, rows


def _of_one_size(pairs: Iterable[PairedFrame], scored: Iterable[_Scored]) -> Iterator[list[dict[str, Any]]]:
    """Hand on the rows of each frame, if it has the size of its clip's first."""
    first: dict[str, tuple[tuple[int, ...], Path]] = {}
    for pair, (shape, rows) in zip(pairs, scored, strict=True):
        size, path = first.setdefault(pair.clip, (shape, pair.truth))
        if shape != size:
            raise DataError(f"{pair.truth} is {shape[1]}x{shape[0]}, but {path} is {size[1]}x{size[0]}; the frames of "
                            "a clip have one size: put those of another into a folder of their own")  # fmt: skip
        yield rows
