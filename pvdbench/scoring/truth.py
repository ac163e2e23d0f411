"""What depends on a data set's truth alone, made once per data set: how blurry each frame is, and the sharp flow."""

import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from pvdbench.core.executor import Jobs, in_order
from pvdbench.datasets.manifest import ClipFiles, read_clips
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.flow import Flow, write_flow
from pvdbench.io.tables import TRUTH, read_table, write_table
from pvdbench.scoring.dataset import (
    FROM_BEFORE,
    TO_BEFORE,
    DatasetFrame,
    Place,
    ScoredRow,
    reader_of_clip,
    truth_flow_path,
)
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.metrics.flow import estimate_flow
from pvdbench.scoring.protocol import PSNR, WARPING_ERROR, Protocol
from pvdbench.scoring.protocols.temporal import along_truth, warping_error_db
from pvdbench.scoring.registry import named_protocols

TABLE = "truth.csv"


def score_truth(
    dataset_folder: Path, out: Path, *, ranking: str, jobs: Jobs = 1, only: Collection[Place] | None = None
) -> None:
    """Write out/truth.csv (TRUTH) and the sharp video's flow of the test clips.

    That from the frame before is in out/flow-from-before/VIDEO/FRAME.flo; that to it in out/flow/VIDEO/FRAME.flo, where
    the data set has no true flow.

    Args:
        ranking: the protocol whose PSNR of the blurry frame is its blurriness.
        jobs: processes; the files are the same for any number.
        only: the frames to look at, where not all of them are.

    Raises:
        DataError: if a frame is missing, damaged or of another size.
        ParamsError: if there is no protocol of this name.
    """
    (ranked,) = named_protocols([ranking], any_frames=True)
    with replaced_folder(out) as folder:
        clips = [(dataset_folder, clip, ranked, folder, only) for clip in read_clips(dataset_folder, "test")]
        rows = [row for of_clip in in_order(_score_clip, clips, jobs=jobs) for row in of_clip]
        write_table(folder / TABLE, pd.DataFrame(rows, columns=list(TRUTH)), TRUTH)


def read_truth(folder: Path) -> pd.DataFrame:
    """Read what score_truth wrote, indexed by (video, frame).

    Raises:
        DataError: if the table is missing or damaged.
    """
    return read_table(folder / TABLE, TRUTH).set_index(["video", "frame"])


def _score_clip(job: tuple[Path, ClipFiles, Protocol, Path, Collection[Place] | None]) -> list[dict[str, Any]]:
    dataset_folder, clip, ranked, out, only = job
    sharp = ScoredRow("", "", "deblur", dataset_folder, dataset_folder, truth=out)
    rows, read = [], reader_of_clip()
    for number, files in enumerate(clip.frames):
        if only is not None and (clip.video, files.name) not in only:
            continue
        blurriness = ranked.score(FramePair(read(files.blurry), read(files.sharp)))[PSNR.name]
        steady = math.nan
        if number:
            steady = _steadiness(_Sharp(sharp, clip, number, read))
        rows.append({"video": clip.video, "frame": files.name, "blurriness_db": round(blurriness, PSNR.decimals),
                     "warping_error_db": round(steady, WARPING_ERROR.decimals)})  # fmt: skip
    return rows


class _Sharp(DatasetFrame):
    """The truth as its own estimate."""

    def _estimate(self, ending: str) -> Path:  # noqa: ARG002
        return self._files.sharp

    def keep(self, kind: str, flow: Flow) -> None:
        """Write a flow of the sharp video where truth_flow and truth_flow_from_before look for it."""
        assert self._row.truth is not None
        path = truth_flow_path(self._row.truth, kind, self._clip.video, self._files.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_flow(path, flow)


def _steadiness(frame: _Sharp) -> float:
    """Write the sharp video's flow; return the truth's own warping error."""
    before = frame.before
    assert before is not None
    frame.keep(FROM_BEFORE, estimate_flow(before.truth, frame.truth))
    if frame.true_flow is None:
        frame.keep(TO_BEFORE, estimate_flow(frame.truth, before.truth))
    along, seen = along_truth(frame)
    return warping_error_db(frame.truth, before.truth, along, seen)
