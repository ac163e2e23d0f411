"""What quality costs: every deblurring row's PSNR and SSIM beside its size, work, time and memory (Sec. 4.5)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvdbench.analysis.bootstrap import Bootstrap, Interval
from pvdbench.analysis.scores import Scores, counted, group_mean
from pvdbench.io.cost import read_cost
from pvdbench.tables.captions import Context
from pvdbench.tables.table import Column, Row, Table, psnr_column, ssim_column

_MILLION, _BILLION = 1e6, 1e9


@dataclass(frozen=True)
class RowCost:
    """One row: PSNR (dB) and what it costs; NaN for what was not or cannot be measured.

    Attributes:
        parameters_m: learned parameters, in millions.
        multiply_adds_g: a frame of 1280x720, in thousand millions.
        milliseconds: a frame of the data set's size, median.
        memory_mib: the most that the process, or on a graphics card the card held.
    """

    name: str
    label: str
    psnr: Interval
    ssim: Interval
    parameters_m: float
    multiply_adds_g: float
    milliseconds: float
    memory_mib: float
    machine: str


def row_costs(
    context: Context, study: Path, labels: Mapping[str, str], scores: Scores, bootstrap: Bootstrap
) -> list[RowCost]:
    """Quality and cost of every row.

    Raises:
        DataError: if a cost file is missing or damaged.
    """
    folder = study / "data" / "cost" / "deblur" / context.dataset
    return [
        _row_cost(name, label, read_cost(folder / f"{name}.json"), scores, bootstrap) for name, label in labels.items()
    ]


def cost_table(context: Context, costs: list[RowCost], scores: Scores) -> Table:
    """The table `cost`."""
    machines = "; ".join(sorted({cost.machine for cost in costs}))
    caption = (
        f"{context.scored(counted(scores))}. Multiply-adds are those of convolutions and matrix products, counted by "
        f"PyTorch on frames of {context.width}x{context.height} and scaled by pixels to 1280x720; milliseconds are the "
        "median over all frames of the size measured here, after a warm-up, reading included and writing not, for "
        "programs their run divided by its frames; memory is the process's peak, on a graphics card the card's, not "
        f"known of programs. Measured on {machines}."
    )
    rows = tuple(
        Row(c.name, c.label, (c.psnr, c.ssim, c.parameters_m, c.multiply_adds_g, c.milliseconds, c.memory_mib))
        for c in costs
    )
    return Table(
        "cost",
        "Quality and cost",
        caption,
        context.dataset,
        context.protocol,
        _columns(context),
        rows,
        "cost",
        "deblur",
    )


def _columns(context: Context) -> tuple[Column, ...]:
    source, cost = context.source, "A frame"
    return (
        psnr_column("psnr_db_all", source, "Entire test set", frames="all"),
        ssim_column("ssim_all", source, "Entire test set", frames="all"),
        Column("parameters_m", source, "Parameters", "(M)", 3),
        Column("multiply_adds_720p_g", source, cost, "Multiply-adds at 1280x720 (G)", 2),
        Column("milliseconds_a_frame", source, cost, f"ms at {context.width}x{context.height}", 1),
        Column("peak_memory_mib", source, "Peak memory", "(MiB)", 0),
    )


def _row_cost(name: str, label: str, facts: Mapping[str, Any], scores: Scores, bootstrap: Bootstrap) -> RowCost:
    precision = facts.get("precision", "")
    device = facts.get("device", "cpu")
    machine = facts["hardware"] if device == "cpu" else str(device)
    return RowCost(
        name,
        label,
        group_mean(scores[name], "all", "psnr_db", bootstrap),
        group_mean(scores[name], "all", "ssim", bootstrap),
        sum(facts["parameters"].values()) / _MILLION if facts["parameters"] else math.nan,
        _number(facts.get("multiply_adds_720p")) / _BILLION,
        _number(facts["milliseconds_median"]),
        _memory(facts),
        ", ".join(filter(None, (machine, f"threads: {facts['threads']}", precision))),
    )


def _memory(facts: Mapping[str, Any]) -> float:
    """The graphics card's or else the process's; not known of a program or of frames that were there."""
    if facts.get("timed", "frame") != "frame":
        return math.nan
    return _number(facts.get("peak_device_memory_mib", facts.get("peak_memory_mib")))


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
