"""Score files: one schema for every task, protocol and metric; one writer, and one reader that trusts nothing."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
from pvdbench.io.plain_table import PlainTable, Texts, read_plain_table
from pvdbench.io.tables import SCORE_KEYS, read_text_table, write_table
from pvdbench.scoring.protocol import Metric, Protocol, Task
from pvdbench.scoring.registry import metrics, protocols

_AS_IN = "as where a spreadsheet changed the table"
_PLACE = ["video", "frame", "protocol"]
_Wrong = NDArray[np.bool_]  # row by row


def score_table(rows: Iterable[Mapping[str, Any]], chosen: Iterable[Protocol]) -> pd.DataFrame:
    """Make a table of rows of SCORE_KEYS and metrics; numbers are rounded, so that two machines write the same bytes.

    Args:
        chosen: the protocols that the rows are of; there is a column for each of their metrics.
    """
    known = metrics(chosen)
    table = pd.DataFrame(list(rows), columns=[*SCORE_KEYS, *known])
    for name, metric in known.items():
        table[name] = table[name].astype(float).round(metric.decimals) + 0.0  # no -0
    return table


def write_score_file(path: Path, table: pd.DataFrame) -> None:
    """Write what score_table made."""
    write_table(path, table, tuple(table.columns))


def is_score_file(path: Path) -> bool:
    """Tell whether a file holds scores as write_score_file writes them, and nothing else."""
    try:
        read_score_file(path)
    except (DataError, OSError):
        return False
    return True


def read_score_file(path: Path, *, dataset: str = "", method: str = "", task: Task | None = None) -> pd.DataFrame:
    """Read and check a score file.

    Args:
        dataset, method, task: what every row must say; not compared where they are not given.

    Returns: SCORE_KEYS, text but for counted (Boolean), and a column of floats per metric; NaN where a protocol does
        not give it. Without rows where the row's method failed.

    Raises:
        DataError: naming the first row that is not as the schema says.
    """
    wanted = {"dataset": dataset, "method": method, "task": task or ""}
    if (plain := read_plain_table(path, SCORE_KEYS, metrics())) is not None:
        with suppress(DataError):  # raised again below, with the cell as it stands
            return _checked(path, plain, wanted)
    text = read_text_table(path)
    return _checked(path, _from_text(path, text), wanted, text)


def _from_text(path: Path, text: pd.DataFrame) -> PlainTable:
    """Make of a score file's cells what read_plain_table reads of those that are plain; NaN for what is no number."""
    names, known = tuple(text.columns), metrics()
    strange = [name for name in names[len(SCORE_KEYS) :] if name not in known]
    if names[: len(SCORE_KEYS)] != SCORE_KEYS or strange:
        what = f"no protocol here has the metric '{strange[0]}'" if strange else "its columns are not those of scores"
        raise DataError(f"{path}: {what}; score the row again, or install the package that brings the metric")
    coded = {name: pd.factorize(text[name]) for name in SCORE_KEYS}
    keys = {name: Texts(codes, [str(each) for each in distinct]) for name, (codes, distinct) in coded.items()}
    numbers = {name: pd.to_numeric(text[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
               for name in names[len(SCORE_KEYS) :]}  # fmt: skip
    return PlainTable(names, keys, numbers)


def _checked(
    path: Path, read: PlainTable, wanted: Mapping[str, str], text: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Make a score file's table of its columns, and refuse the first row that is not as the schema says.

    Args:
        wanted: what columns must say; not compared where it is empty.
        text: the cells as they stand, unless all of them were plain.
    """
    refuse, keys = partial(_refuse, path, read.texts), read.texts
    for column, said in wanted.items():
        if said:
            refuse(~keys[column].among([said]), f"{column} is not '{said}'")
    for column in SCORE_KEYS[:-1]:
        refuse(keys[column].among([""]), f"{column} is blank")
    refuse(~keys["task"].among(get_args(Task)), "no such task here")
    refuse(~keys["counted"].among(("True", "False")), f"counted is neither True nor False, {_AS_IN}")
    refuse(~keys["protocol"].among(protocols()), "no such protocol here")
    refuse(_repeated([keys[name] for name in _PLACE]), "the frame is there twice")
    for name, metric in metrics().items():
        if name in read.numbers:
            _check_numbers(refuse, metric, read, None if text is None else text[name])
        elif not metric.optional:
            refuse(keys["protocol"].among(_giving(metric)), f"there is no column {name}")
    columns: dict[str, Any] = {name: keys[name].column() for name in SCORE_KEYS} | read.numbers
    columns["counted"] = keys["counted"].among(["True"])
    return pd.DataFrame({name: columns[name] for name in read.names})


def _repeated(keys: Iterable[Texts]) -> _Wrong:
    """Tell row by row whether a row before it is the same in all columns."""
    places: NDArray[np.int64] = np.zeros(1, np.int64)
    for key in keys:
        places = places * max(len(key.distinct), 1) + key.codes  # below 2^63: a table has at most a million cells
    return pd.Series(places).duplicated().to_numpy()


def _giving(metric: Metric) -> list[str]:
    """Name the protocols that give a metric."""
    return [name for name, protocol in protocols().items() if metric.name in (own.name for own in protocol.metrics)]


def _check_numbers(
    refuse: Callable[..., None], metric: Metric, read: PlainTable, cells: "pd.Series[str] | None"
) -> None:
    """Refuse what a metric's column may not hold by what the metric says of its values."""
    values = read.numbers[metric.name]
    missing = np.isnan(values)
    if cells is not None:
        refuse(missing & (cells != "").to_numpy(bool), f"{metric.name} is no number", cells)
    low, high = metric.lowest, metric.highest
    outside = (values < low) | (values > high) | (np.isinf(values) & ~((values > 0) & metric.infinite))
    refuse(outside, f"{metric.name} is outside {low:g} to {high:g}", cells)
    if not metric.optional:
        refuse(missing & read.texts["protocol"].among(_giving(metric)), f"there is no {metric.name}")


def _refuse(
    path: Path, keys: Mapping[str, Texts], wrong: _Wrong, what: str, cells: "pd.Series[str] | None" = None
) -> None:
    """Raise for the first row that is wrong, by video, frame and protocol."""
    if not wrong.any():
        return
    line = int(np.flatnonzero(wrong)[0])
    place = ", ".join(keys[name].distinct[keys[name].codes[line]] for name in _PLACE)
    got = "" if cells is None else f" ('{str(cells.iloc[line])[:20]}')"
    raise DataError(f"{path}: line {line + 2} ({place}): {what}{got}; score the row again")
