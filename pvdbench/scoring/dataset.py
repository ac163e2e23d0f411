"""Scores of a row over a data set's test clips: warped frames (Table 1) and deblurred frames (Tables 2 to 5)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pvdbench.core.errors import DataError
from pvdbench.core.executor import Jobs, in_order
from pvdbench.datasets.manifest import ClipFiles, FrameFiles, read_clips
from pvdbench.io.flow import Flow, read_flow
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import Frame, read_frame, read_mask
from pvdbench.scoring.frame_pair import FramePair, Mask
from pvdbench.scoring.half_scores import HalfScores, foreign_code, scored_files
from pvdbench.scoring.protocol import Protocol, Task
from pvdbench.scoring.registry import named_protocols, score_rows
from pvdbench.scoring.score_file import score_table, write_score_file

Place = tuple[str, str]
"""A frame of a data set: its video's name and its own."""


@dataclass(frozen=True)
class ScoredRow:
    """One row over one data set, as its score file names them.

    Attributes:
        folder: the data set's folder.
        estimates: holds VIDEO/FRAME.png of the row, for motion VIDEO/FRAME.flo, too.
        truth: the folder that `score truth` wrote; None to compute what is needed of it.
    """

    dataset: str
    method: str
    task: Task
    folder: Path
    estimates: Path
    truth: Path | None = None


def score_row(
    row: ScoredRow, out: Path, *, protocols: Sequence[str], jobs: Jobs = 1, only: Collection[Place] | None = None,
    half: Path | None = None,
) -> None:  # fmt: skip
    """Score every frame of a row under every protocol that its task has, and write the score file.

    Warped frames begin with the second frame of a clip. A row whose method failed has no frames, and a file without
    rows.

    Args:
        protocols: names, or "all".
        jobs: processes; the file is the same for any number.
        only: the frames to score, where not all of them are.
        half: the folder for the scores of finished clips while the file is not written; None to keep none.

    Raises:
        DataError: if a file is missing, damaged or of another size; nothing is left out in silence.
        ParamsError: if there is no protocol of a name.
    """
    chosen = named_protocols(protocols, row.task)
    clips = [] if read_failure(row.estimates) else read_clips(row.folder, "test")
    work = _runs({clip: list(_jobs(row, clip, chosen, only)) for clip in clips}, jobs)
    if half is None or len(clips) < _KEPT_FROM:
        scored = in_order(_score_run, [run for of_clip in work.values() for run in of_clip], jobs=jobs)
        rows = [scores for run in scored for scores in run]
        write_score_file(out, score_table(rows, chosen))
        return
    modules = [str(getattr(protocol.score, "__module__", "")) for protocol in chosen]
    files = scored_files(clips, row.estimates, row.truth) + foreign_code(modules)
    kept = HalfScores(half, (row, [protocol.name for protocol in chosen]), files)
    try:
        write_score_file(out, score_table(_resumed(work, kept, jobs), chosen))
    except DataError:  # once its file is mended, it is another one
        kept.remove()
        raise
    kept.remove()


_KEPT_FROM = 2  # clips: of a single one nothing would be finished


def _resumed(work: Mapping[ClipFiles, list["_Run"]], kept: HalfScores, jobs: Jobs) -> Iterator[dict[str, Any]]:
    """Score the clips that are not finished, keep each when it is, and yield the rows of all in order."""
    before = {clip: kept.read(clip) for clip in work}
    left = [run for clip, of_clip in work.items() if before[clip] is None for run in of_clip]
    with closing(in_order(_score_run, left, jobs=jobs)) as scored:
        for clip, of_clip in work.items():
            if (rows := before[clip]) is None:
                rows = [scores for _ in of_clip for scores in next(scored)]
                kept.keep(clip, rows)
            yield from rows


@dataclass(frozen=True)
class _Job:
    """One frame to score; number is its place in the clip, from 0."""

    row: ScoredRow
    clip: ClipFiles
    number: int
    protocols: tuple[Protocol, ...]


def _jobs(
    row: ScoredRow, clip: ClipFiles, chosen: tuple[Protocol, ...], only: Collection[Place] | None
) -> Iterator[_Job]:  # fmt: skip
    first = 1 if row.task == "motion" else 0  # flow leads to the frame before
    return (_Job(row, clip, number, chosen) for number in range(first, len(clip.frames))
            if only is None or (clip.video, clip.frames[number].name) in only)  # fmt: skip


_Run = Sequence[_Job]
"""Consecutive frames of a clip that one process scores, so that it has the frame before."""

_LONGEST_RUN = 8  # frames: where there are several processes, a ninth of the frames is decoded twice
_SHARES = 4  # runs of each process, at least, so that all end at about one time
_WORKERS = 16  # of a cluster, whose number is not known


def _runs(work: Mapping[ClipFiles, list[_Job]], jobs: Jobs) -> dict[ClipFiles, list[_Run]]:
    """Divide what is to score of each clip into runs: a single process has each clip as one."""
    frames = sum(len(of_clip) for of_clip in work.values())
    shares = _SHARES * (jobs if isinstance(jobs, int) else _WORKERS)
    length = frames if jobs == 1 else min(_LONGEST_RUN, frames // shares)
    return {clip: [of_clip[start : start + max(length, 1)] for start in range(0, len(of_clip), max(length, 1))]
            for clip, of_clip in work.items()}  # fmt: skip


Reader = Callable[[Path], Frame]


def reader_of_clip() -> Reader:
    """Make a reader that decodes each file once while one goes through a clip, although frames ask for those before.

    It is for one pass: a file that changes is not read again.
    """
    return lru_cache(_RECENT)(read_frame)


_RECENT = 6  # files: estimate and truth of a frame and of the one before, and two that were read between them


def _score_run(run: _Run) -> list[dict[str, Any]]:
    read = reader_of_clip()
    return [scores for job in run for scores in _score_frame(job, read)]


def _score_frame(job: _Job, read: Reader) -> list[dict[str, Any]]:
    names = {"dataset": job.row.dataset, "method": job.row.method, "task": job.row.task, "video": job.clip.video}
    names["frame"] = job.clip.frames[job.number].name
    frame = DatasetFrame(job.row, job.clip, job.number, read)
    return [names | scores for scores in score_rows(frame, job.protocols, job.number + 1)]


class DatasetFrame(FramePair):
    """A frame of a data set with everything that the data set knows of it, each file read when it is asked for."""

    def __init__(self, row: ScoredRow, clip: ClipFiles, number: int, read: Reader = read_frame) -> None:
        """Read the estimate and the truth of a clip's frame, counted from 0.

        Args:
            read: decodes the frame's files, and those of the frame before.

        Raises:
            DataError: if one is missing, damaged, or the two are not of one size.
        """
        self._row, self._clip, self._number, self._read = row, clip, number, read
        truth = read(self._files.sharp)
        super().__init__(read_estimate(self._estimate(".png"), truth, self._files.sharp, read), truth)

    @property
    def _files(self) -> FrameFiles:
        return self._clip.frames[self._number]

    def _estimate(self, ending: str) -> Path:
        return self._row.estimates / self._clip.video / f"{self._files.name}{ending}"

    @cached_property
    def before(self) -> FramePair | None:
        """The frame before, of the same row; None for a clip's first."""
        return type(self)(self._row, self._clip, self._number - 1, self._read) if self._number else None

    @cached_property
    def flow(self) -> Flow | None:
        """What the row estimated from this frame to the one before; None for deblurred frames.

        Raises:
            DataError: if it is missing, damaged or not of the frame's size.
        """
        return self._sized(self._estimate(".flo")) if self._row.task == "motion" else None

    @cached_property
    def true_flow(self) -> Flow | None:
        """The data set's own."""
        return None if self._files.flow is None else self._sized(self._files.flow)

    @cached_property
    def occluded(self) -> Mask | None:
        """The data set's own."""
        return None if self._files.occlusion is None else read_mask(self._files.occlusion)

    @cached_property
    def truth_flow(self) -> Flow | None:
        """The sharp video's, if it was made before."""
        return self._of_truth(TO_BEFORE) if self.true_flow is None else None

    @cached_property
    def truth_flow_from_before(self) -> Flow | None:
        """The sharp video's, if it was made before."""
        return self._of_truth(FROM_BEFORE)

    def _of_truth(self, kind: str) -> Flow | None:
        if self._row.truth is None or not self._number:
            return None
        return self._sized(truth_flow_path(self._row.truth, kind, self._clip.video, self._files.name))

    def _sized(self, path: Path) -> Flow:
        flow, (height, width) = read_flow(path), self.shape[:2]
        if flow.shape[:2] != (height, width):
            raise DataError(f"{path}: the flow is {flow.shape[1]}x{flow.shape[0]}, its frame {width}x{height}; "
                            "make it again")  # fmt: skip
        return flow


TO_BEFORE, FROM_BEFORE = "flow", "flow-from-before"
"""Folders of the sharp video's flow: from each frame to the one before it, and from that one to it."""


def truth_flow_path(folder: Path, kind: str, video: str, frame: str) -> Path:
    """Where `score truth` keeps the sharp video's flow of a kind, TO_BEFORE or FROM_BEFORE."""
    return folder / kind / video / f"{frame}.flo"


def read_estimate(path: Path, truth: Frame, truth_path: Path, read: Reader = read_frame) -> Frame:
    """Read the estimate of a frame.

    Raises:
        DataError: if it is missing, damaged or not of the truth's size.
    """
    estimate = read(path)
    if estimate.shape != truth.shape:
        raise DataError(f"{path} is {estimate.shape[1]}x{estimate.shape[0]}, but {truth_path} is "
                        f"{truth.shape[1]}x{truth.shape[0]}; make it again in that size")  # fmt: skip
    return estimate
