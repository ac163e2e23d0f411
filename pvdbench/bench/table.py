"""What was measured, as a table in Markdown and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from pvdbench.bench.ceiling import Ceiling
from pvdbench.bench.measure import Measured

_MIB = 2**20
_GIGA = 1e9
_COLUMNS = ("part", "ms", "threads", "device", "precision", "peak MiB", "GFLOP", "MiB moved", "share of ceiling")


def as_json(measured: Sequence[Measured], ceilings: Mapping[str, Ceiling], threads: int) -> list[dict[str, Any]]:
    """List the parts; what was not measured is null.

    Args:
        ceilings: by the device that a part names.
        threads: of the parts that use several.
    """
    return [
        {"name": one.part.name, "ms": one.milliseconds, "baseline_ms": one.baseline, "ratio": ratio(one),
         "share": share(one, ceilings), "threads": threads if one.part.threaded else 1, "device": one.device,
         "precision": one.part.precision, "peak_mib": one.peak_mib, "operations": one.operations,
         "bytes": one.moved, "notes": list(one.notes)}
        for one in measured
    ]  # fmt: skip


def ratio(one: Measured) -> float | None:
    """Divide the baseline's time by the part's."""
    return None if one.milliseconds is None or one.baseline is None else one.baseline / one.milliseconds


def share(one: Measured, ceilings: Mapping[str, Ceiling]) -> float | None:
    """The part of its time that this machine needs at least; None where neither operations nor bytes are counted."""
    if one.milliseconds is None or not (one.operations or one.moved):
        return None
    return ceilings[one.device].share(one.milliseconds, one.operations, one.moved)


def as_markdown(
    measured: Sequence[Measured], ceilings: Mapping[str, Ceiling], *, threads: int, baseline: str
) -> list[str]:  # fmt: skip
    """Write the table, and below it what was not measured.

    Args:
        baseline: what the last columns compare with.
    """
    columns = (*_COLUMNS, f"{baseline}, ms", "ratio")
    lines = [f"| {' | '.join(columns)} |", f"| --- | ---: | ---: | --- | --- |{' ---: |' * (len(columns) - 5)}"]
    lines += [f"| {' | '.join(_cells(one, ceilings, threads))} |" for one in measured]
    notes = [f"- {one.part.name}: {note}" for one in measured for note in one.notes]
    return [*lines, *(["", "Not measured:", *notes] if notes else [])]


def _cells(one: Measured, ceilings: Mapping[str, Ceiling], threads: int) -> list[str]:
    if one.milliseconds is None:
        return [one.part.name, "not measured", *[""] * len(_COLUMNS)]
    part, times = share(one, ceilings), ratio(one)
    return [
        one.part.name,
        _number(one.milliseconds),
        str(threads if one.part.threaded else 1),
        one.device,
        one.part.precision,
        _number(one.peak_mib),
        _number(one.operations / _GIGA) if one.operations else "",
        _number(one.moved / _MIB) if one.moved else "",
        "" if part is None else f"{100 * part:.1f} %",
        "" if one.baseline is None else _number(one.baseline),
        "" if times is None else f"{times:.2f}",
    ]


def _number(value: float) -> str:
    """Three digits, or whole."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
