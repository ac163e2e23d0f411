"""Scores of deblurred frames (Tables 2 to 5)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pvdbench.core.records import DEBLUR_SCORES, write_table
from pvdbench.protocols.clips import score_clips


def score_deblurring(
    dataset_folder: Path, frames: Path, out: Path, *, dataset: str, method: str, protocols: Sequence[str]
) -> None:
    """Score frames/VIDEO/FRAME.png against the sharp test frames and write out (DEBLUR_SCORES).

    Raises:
        DataError: if a frame is missing, damaged or of another size.
        ParamsError: if there is no protocol of a name.
    """
    scores = score_clips(dataset_folder, frames, dataset=dataset, method=method, protocols=protocols, first=0)
    write_table(out, pd.DataFrame([row for row, _, _ in scores], columns=list(DEBLUR_SCORES)), DEBLUR_SCORES)
