"""One method under every protocol, and what each step from plain RGB PSNR to the paper's protocol is worth."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.intervals import Interval, clip_totals, frame_totals
from pvdbench.analysis.published import PAPER_PROTOCOL
from pvdbench.analysis.scores import read_protocols
from pvdbench.scoring.registry import protocols as registered
from pvdbench.study.table_params import TableParams
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table, psnr_column, ssim_column

_CHAIN = {
    "plain-rgb": "RGB, nothing aligned, every frame",
    "step-crop": "16 px cropped from each side",
    "step-gain": "gain by least squares",
    "step-shift": "whole-pixel shift",
    PAPER_PROTOCOL: "luma instead of RGB",
}
_WITHOUT_FIRST, _BY_CLIP = "first frames left out", "averaged by clip"


@dataclass(frozen=True)
class Reading:
    """A method's averages under one protocol, over frames and over clips."""

    protocol: str
    psnr: Interval
    ssim: Interval
    psnr_by_clip: Interval
    ssim_by_clip: Interval


@dataclass(frozen=True)
class Step:
    """One change on the way from plain RGB PSNR to the paper's average.

    Attributes:
        gain: PSNR minus that of the step before (dB); None for the first.
    """

    name: str
    label: str
    psnr: Interval
    gain: Interval | None


@dataclass(frozen=True)
class Lens:
    """One row of `deblur` with all frames of its score file, protocol by protocol in the catalogue's order."""

    context: Context
    row: str
    label: str
    protocols: Mapping[str, pd.DataFrame]

    def readings(self) -> list[Reading]:
        """The method under each protocol, over the frames that the protocol counts."""
        return [self._reading(name, frames[frames["counted"]]) for name, frames in self.protocols.items()]

    def _reading(self, name: str, frames: pd.DataFrame) -> Reading:
        psnr, ssim, videos = frames["psnr_db"], frames["ssim"], frames["video"]
        return Reading(
            name,
            intervals.mean(psnr, videos),
            intervals.mean(ssim, videos),
            intervals.clip_mean(psnr, videos),
            intervals.clip_mean(ssim, videos),
        )

    def steps(self) -> list[Step]:
        """The chain as far as the score file has it: first protocols over all frames, then frames, then averages."""
        chain = [name for name in _CHAIN if name in self.protocols]
        steps = [self._step(name, before) for name, before in zip(chain, [None, *chain], strict=False)]
        return steps + (self._averages(self.protocols[PAPER_PROTOCOL]) if PAPER_PROTOCOL in chain else [])

    def _step(self, name: str, before: str | None) -> Step:
        psnr, videos = self.protocols[name]["psnr_db"], self.protocols[name]["video"]
        gain = None
        if before is not None:
            gain = intervals.difference(psnr, self.protocols[before]["psnr_db"], videos)
        return Step(name, _CHAIN[name], intervals.mean(psnr, videos), gain)

    def _averages(self, frames: pd.DataFrame) -> list[Step]:
        """The paper's protocol over other frames, then by another average: nothing that can be paired by frame."""
        finite = frames[~np.isinf(frames["psnr_db"])]
        kept, counted = finite[finite["counted"]], frames[frames["counted"]]
        every, some = (frame_totals(part["psnr_db"], part["video"]) for part in (finite, kept))
        by_clip = clip_totals(kept["psnr_db"], kept["video"])
        psnr, psnr_by_clip = (
            mean(counted["psnr_db"], counted["video"]) for mean in (intervals.mean, intervals.clip_mean)
        )
        return [
            Step(f"{PAPER_PROTOCOL}-counted", _WITHOUT_FIRST, psnr, intervals.change(every, some)),
            Step(f"{PAPER_PROTOCOL}-by-clip", _BY_CLIP, psnr_by_clip, intervals.change(some, by_clip)),
        ]


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the tables of the row that tables.lens names, if it names one."""
    lens = read_lens(inputs.study, inputs.context, inputs.params)
    if lens and inputs.deblur:
        yield from lens_tables(replace(lens, label=inputs.marked({lens.row: lens.label})[lens.row]))


def read_lens(study: Path, context: Context, params: TableParams) -> Lens | None:
    """Read what tables.lens asks for; None where it asks for nothing.

    Raises:
        DataError: if the score file is missing or damaged.
    """
    if params.lens is None:
        return None
    row = params.lens.row
    protocols = read_protocols(study, context.dataset, row)
    ordered = {name: protocols[name] for name in registered() if name in protocols}
    return Lens(context, row, params.deblur_labels.get(row, row), ordered)


def lens_tables(lens: Lens) -> tuple[Table, ...]:
    """The method under each protocol; the steps between, where the score file has any of them."""
    return _lens_table(lens), *([_steps_table(lens)] if lens.steps() else [])


def _lens_table(lens: Lens) -> Table:
    source = lens.context.source
    columns = (
        psnr_column("psnr_db", source, "Average of frames", better="neither"),
        ssim_column("ssim", source, "Average of frames", better="neither"),
        psnr_column("psnr_db_by_clip", source, "Average of clips", better="neither"),
        ssim_column("ssim_by_clip", source, "Average of clips", better="neither"),
        Column("frames", source, "Frames", "counted", 0),
        Column("identical", source, "Frames", "identical", 0),
        Column("summary", "Protocol", "", "What it does", 0),
    )
    rows = [
        Row(r.protocol, r.protocol, (r.psnr, r.ssim, r.psnr_by_clip, r.ssim_by_clip, *_counts(r.psnr),
                                     registered()[r.protocol].summary))
        for r in lens.readings()
    ]  # fmt: skip
    caption = (
        f"The same frames of {lens.label}, measured on {lens.context.data}, under every protocol in their score file. "
        "Numbers of different lines must not be compared."
    )
    return _table(lens, "lens", f"{lens.label} under every protocol", caption, columns, rows)


def _steps_table(lens: Lens) -> Table:
    source = lens.context.source
    columns = (
        psnr_column("psnr_db", source, "", better="neither"),
        Column("step_db", source, "", "Step (dB)", 2, interval=True, identical=True, signed=True),
        Column("frames", source, "", "Frames", 0),
    )
    rows = [Row(s.name, s.label, (s.psnr, s.gain or math.nan, _counts(s.psnr)[0])) for s in lens.steps()]
    caption = (
        f"{lens.label}, measured on {lens.context.data}, from RGB PSNR as most papers report it to the paper's: each "
        "line changes one thing and keeps the changes above it. A step is paired frame by frame, but for leaving out "
        "first frames and averaging by clip, which are differences of two averages over the same drawn clips."
    )
    return _table(lens, "steps", "What each step of the protocol is worth", caption, columns, rows)


def _counts(psnr: Interval) -> tuple[float, float]:
    """Frames that the protocol counts, and how many of them are identical to the truth."""
    return float(psnr.count + psnr.identical), float(psnr.identical)


def _table(lens: Lens, name: str, title: str, caption: str, columns: tuple[Column, ...], rows: list[Row]) -> Table:
    return Table(name, title, caption, lens.context.dataset, "several", columns, tuple(rows), "by-protocol")
