"""How far two files are from each other, said by what they hold: pixels, numbers of a table, tensors, JSON."""

import json
import math
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from pvdbench.core.errors import PvdbenchError, shorten
from pvdbench.core.json_file import read_json
from pvdbench.io.flow import read_flow
from pvdbench.io.images import read_frame
from pvdbench.io.tables import read_text_table
from pvdbench.io.weights import load_weights
from pvdbench.scoring.registry import metrics

_TOLERANCE = 0.01 + 1e-9
"""Of a number that is no metric of a score file: what tables print is rounded to it."""


@dataclass(frozen=True)
class Distance:
    """How two files differ.

    Attributes:
        said: how many values differ, by how much at most, and where first.
        close: whether every number is within the tolerance of its metric, so that no table reads otherwise.
    """

    said: str
    close: bool = False


def distance(before: Path, now: Path) -> Distance:
    """Compare two files whose bytes differ; before may have another name, as in a cache."""
    measures = {".png": _pixels, ".flo": _flow, ".csv": _cells, ".safetensors": _tensors, ".json": _values}
    try:
        if (measure := measures.get(now.suffix)) is not None:
            with TemporaryDirectory() as folder:  # where the former file has its ending again
                return measure(Path(shutil.copyfile(before, Path(folder) / now.name)), now)
    except (PvdbenchError, ValueError, KeyError) as error:
        return Distance(f"it cannot be read as what it was ({shorten(error, 80)})")
    return Distance(_lines(before, now))


def _pixels(before: Path, now: Path) -> Distance:
    return Distance(_arrays(read_frame(before).astype(int), read_frame(now).astype(int), "values", " of 255"))


def _flow(before: Path, now: Path) -> Distance:
    return Distance(_arrays(read_flow(before), read_flow(now), "values", " px"))


def _arrays(before: Any, now: Any, what: str, unit: str) -> str:
    if before.shape != now.shape:
        return f"its size was {'x'.join(map(str, before.shape))} and is {'x'.join(map(str, now.shape))}"
    apart = np.abs(now - before)
    if not (count := int(np.count_nonzero(apart))):
        return f"the {what} are equal, the file's other bytes are not"
    return f"{count} of {apart.size} {what} differ, by {float(np.nanmax(apart)):.6g}{unit} at most"


def _tensors(before: Path, now: Path) -> Distance:
    (old, _), (new, _) = load_weights(before), load_weights(now)
    if old.keys() != new.keys():
        return Distance("it holds other tensors")
    changed = {name: float((new[name].double() - old[name].double()).abs().max()) for name in old
               if old[name].shape == new[name].shape and not bool((old[name] == new[name]).all())}  # fmt: skip
    if not changed:
        return Distance("the tensors' shapes or the file's header differ")
    most = max(changed, key=lambda name: changed[name])
    said = f"{len(changed)} of {len(old)} tensors differ, by {changed[most]:.6g} at most, in {shorten(most, 60)}"
    return Distance(said)


@dataclass(frozen=True)
class Change:
    """One value of a table or of JSON that is not what it was."""

    where: str
    before: str
    now: str
    tolerance: float = _TOLERANCE

    @property
    def apart(self) -> float:
        """How far two numbers are from each other; infinite where one is none."""
        try:
            before, now = float(self.before), float(self.now)
        except ValueError:
            return math.inf
        return 0.0 if before == now else abs(now - before) if math.isfinite(before - now) else math.inf


def described(changes: list[Change]) -> Distance:
    """Say how many values differ, the first, and the largest difference."""
    first, most = changes[0], max(change.apart for change in changes)
    largest = f", by {most:.6g} at most" if math.isfinite(most) else ""
    count = "1 value differs" if len(changes) == 1 else f"{len(changes)} values differ"
    said = f"{count}{largest}: {first.where}: {_shown(first.before)}, now {_shown(first.now)}"
    return Distance(said, all(change.apart <= change.tolerance for change in changes))


def _shown(text: str) -> str:
    return f"'{shorten(text, 40)}'" if text else "nothing"


def _cells(before: Path, now: Path) -> Distance:
    changes = list(table_changes(before, now))
    return described(changes) if changes else Distance("its cells are equal, its order or bytes are not", close=True)


def table_changes(before: Path, now: Path, *, places: set[tuple[str, str]] | None = None) -> Iterator[Change]:
    """What differs in two tables, row by row of their first columns.

    Args:
        places: the (video, frame) to look at; all rows without.

    Raises:
        DataError: if one is no CSV.
    """
    old, new = read_text_table(before), read_text_table(now)
    known = metrics()
    keys = [name for name in new.columns if name in _KEYS] or list(new.columns[:1])
    if list(old.columns) != list(new.columns):
        yield Change("columns", ",".join(old.columns), ",".join(new.columns))
        return
    rows = [_by_place(table, keys) for table in (old, new)]
    for place in dict.fromkeys((*rows[0], *rows[1])):
        row_before, row_now = rows[0].get(place, {}), rows[1].get(place, {})
        row = row_now or row_before
        if places is not None and (row.get("video", ""), row.get("frame", "")) not in places:
            continue
        for column in row:
            was, value = str(row_before.get(column, "")), str(row_now.get(column, ""))
            if was != value:
                tolerance = 0.5 * 10.0 ** -known[column].digits if column in known else _TOLERANCE
                yield Change(f"{', '.join(place[:-1])}, {column}", was, value, tolerance)


def _by_place(table: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows by their keys and by how many rows of the same keys came before."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    before = Counter[tuple[str, ...]]()
    for row in table.to_dict("records"):
        place = tuple(str(row[key]) for key in keys)
        rows[(*place, str(before[place]))] = {str(column): str(value) for column, value in row.items()}
        before[place] += 1
    return rows


_KEYS = ("dataset", "method", "task", "video", "split", "frame", "protocol", "quantity")
"""The columns that say which row of a table it is."""


def _values(before: Path, now: Path) -> Distance:
    old, new = (dict(_flat(read_json(path, object, "no JSON", "make it again"))) for path in (before, now))
    changes = [Change(key, old.get(key, ""), new.get(key, "")) for key in dict.fromkeys((*old, *new))
               if old.get(key) != new.get(key)]  # fmt: skip
    return described(changes) if changes else Distance("its values are equal, its bytes are not", close=True)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _flat(part, f"{key}.{name}" if key else str(name))
    if not isinstance(value, dict | list):
        yield key, json.dumps(value)


def _lines(before: Path, now: Path) -> str:
    old, new = before.read_bytes().splitlines(), now.read_bytes().splitlines()
    line = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return f"its bytes differ from line {line + 1} on"
