"""`pvdbench methods list`: what each method is, whether its weights are here, and what others published of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.analysis.published import read_published
from pvdbench.io.cost import read_complexity
from pvdbench.methods.card import MethodCard, Task, has_weights, method_names, read_card
from pvdbench.tables.table import MISSING

_MILLION = 1e6


@dataclass(frozen=True)
class MethodLine:
    """One method in words; an en dash where there is nothing to say."""

    name: str
    label: str
    task: str
    kind: str
    parameters: str
    weights: str
    published: str


def list_methods(
    places: Sequence[Path], study: Path, root: Path, rows: Mapping[Task, Mapping[str, str]]
) -> list[MethodLine]:
    """Every method of every folder.

    Args:
        places: folders of methods.
        study: the folder with the study's data.
        root: the repository's top, which holds data/published.
        rows: task to row name to method name.

    Raises:
        ParamsError: if a method.yaml has an unknown key or a wrong type.
        DataError: if data/published is damaged.
    """
    numbers = read_published(root).numbers
    lines = []
    for place in places:
        for name in method_names(place):
            card = read_card(place, name)
            own = [row for row, method in rows[card.task].items() if method == name]
            lines.append(
                MethodLine(
                    name,
                    card.label,
                    card.task,
                    card.kind,
                    _parameters(study, card.task, own),
                    _weights(place / name, card, study, own),
                    _published(numbers[numbers["method_name"] == card.published]),
                )
            )
    return lines


def _parameters(study: Path, task: Task, rows: Sequence[str]) -> str:
    """In millions, of the rows that ran; a method's size is a matter of its row."""
    files = [path for row in rows for path in sorted(study.glob(f"data/complexity/{task}/*/{row}.json"))]
    counts = {sum(read_complexity(path).parameters.values()) for path in files}
    return (
        " to ".join(f"{count / _MILLION:.3f} M" for count in sorted({min(counts), max(counts)})) if counts else MISSING
    )


def _weights(folder: Path, card: MethodCard, study: Path, rows: Sequence[str]) -> str:
    if card.weights:
        return "here" if has_weights(folder, card) else "not here"
    trained = [study / "data" / "weights" / card.task / f"{row}.safetensors" for row in rows]
    return f"{sum(path.is_file() for path in trained)} of {len(rows)} rows" if rows else MISSING


def _published(numbers: pd.DataFrame) -> str:
    """The range of PSNR that was printed of the method, data set by data set, whatever the protocol."""
    ranges = numbers.groupby("dataset_name")["psnr_db"].agg(["min", "max"])
    texts = [
        f"{name} {' to '.join(f'{psnr:.2f}' for psnr in sorted(set(pair)))} dB" for name, *pair in ranges.itertuples()
    ]
    return ", ".join(texts) or MISSING
