"""`pvdbench bench all`: choose the parts, measure each with its baseline and the machine's ceiling, and say it all."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvdbench.bench.ceiling import Ceiling, ceiling_parts
from pvdbench.bench.measure import Measured, Measuring
from pvdbench.bench.part import Part
from pvdbench.bench.parts import parts
from pvdbench.bench.revision import package_of
from pvdbench.bench.table import as_json, as_markdown
from pvdbench.core.errors import ParamsError, choices, shorten
from pvdbench.io.cost import hardware

_DEFINITION = "straightforward"


@dataclass(frozen=True)
class Report:
    """What was measured: lines of Markdown, and the list that becomes JSON."""

    lines: list[str]
    rows: list[dict[str, Any]]


def named_parts(names: Sequence[str]) -> list[Part]:
    """The parts of these names, in the order of the table; all where none is given.

    Raises:
        ParamsError: if there is no part of a name.
    """
    for name in names:
        if name not in parts():
            raise ParamsError(f"--only: unknown part '{shorten(name, 40)}'; choose from {choices(parts(), 200)}")
    return [part for part in parts().values() if part.name in names or not names]


def measure_parts(
    names: Sequence[str], *, size: tuple[int, int], threads: int, baseline: str | None, study: Path,
    began: Callable[[str], None],
) -> Report:  # fmt: skip
    """Measure parts and the ceiling.

    Args:
        names: of the parts; all where none is given.
        size: width and height of the frames, in pixels.
        threads: of the parts that use several.
        baseline: a revision to compare with; None for the definitions.
        study: the folder whose finished study is run again.
        began: is told the name of each part before it is measured.

    Raises:
        ParamsError: if there is no part of a name, or no such revision.
        PartFailedError: if a part fails.
    """
    chosen = named_parts(names)
    with nullcontext() if baseline is None else package_of(baseline) as tree:
        measuring = Measuring(size, threads, study.resolve(), tree)
        measured = []
        for part in chosen:
            began(part.name)
            measured.append(measuring.measure(part))
        began("the machine's ceiling")
        ceilings = _ceilings(measuring, measured)
    label = _DEFINITION if baseline is None else shorten(baseline, 40)
    lines = [f"On {hardware()}; frames of {size[0]}x{size[1]}, medians of calls in turn with the baseline.", "",
             *(_said(device, ceiling) for device, ceiling in ceilings.items()), "",
             *as_markdown(measured, ceilings, threads=threads, baseline=label)]  # fmt: skip
    return Report(lines, as_json(measured, ceilings, threads))


def _ceilings(measuring: Measuring, measured: Sequence[Measured]) -> dict[str, Ceiling]:
    """That of each device on which something was measured."""
    devices = dict.fromkeys(one.device for one in measured if one.device)
    of_parts = ceiling_parts()
    return {device: measuring.ceiling(of_parts, "cpu" if device == "cpu" else "cuda") for device in devices}


def _said(device: str, ceiling: Ceiling) -> str:
    return (f"- ceiling of {device}: {ceiling.operations / 1e9:.0f} GFLOP/s (float32 matrix product), "
            f"{ceiling.moved / 1e9:.1f} GB/s (copy)")  # fmt: skip
