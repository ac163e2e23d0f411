"""Score files: one schema for every task, protocol and metric; one writer, and one reader that trusts nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
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
    table = read_text_table(path)
    known = metrics()
    strange = [name for name in table.columns[len(SCORE_KEYS) :] if name not in known]
    if tuple(table.columns[: len(SCORE_KEYS)]) != SCORE_KEYS or strange:
        what = f"no protocol here has the metric '{strange[0]}'" if strange else "its columns are not those of scores"
        raise DataError(f"{path}: {what}; score the row again, or install the package that brings the metric")
    keys = {name: _Key(table[name]) for name in SCORE_KEYS}
    for column, wanted in (("dataset", dataset), ("method", method), ("task", task)):
        if wanted:
            _refuse(path, table, ~keys[column].among([wanted]), f"{column} is not '{wanted}'")
    for column in SCORE_KEYS[:-1]:
        _refuse(path, table, keys[column].among([""]), f"{column} is blank")
    _refuse(path, table, ~keys["task"].among(get_args(Task)), "no such task here")
    _refuse(path, table, ~keys["counted"].among(("True", "False")), f"counted is neither True nor False, {_AS_IN}")
    _refuse(path, table, ~keys["protocol"].among(protocols()), "no such protocol here")
    _refuse(path, table, _repeated([keys[name] for name in _PLACE]), "the frame is there twice")
    checked: dict[str, Any] = {"counted": keys["counted"].among(["True"])}
    for name, metric in known.items():
        if name in table:
            checked[name] = _numbers(path, table, metric, keys["protocol"])
        elif not metric.optional:
            _refuse(path, table, keys["protocol"].among(_giving(metric)), f"there is no column {name}")
    return table.assign(**checked)


class _Key:
    """A column of few distinct texts, each of which is looked at once."""

    def __init__(self, column: "pd.Series[str]") -> None:
        self.codes, distinct = pd.factorize(column)
        self.distinct = [str(text) for text in distinct]

    def among(self, texts: Iterable[str]) -> _Wrong:
        """Tell row by row whether the text is one of these."""
        wanted = set(texts)
        return np.array([text in wanted for text in self.distinct], bool)[self.codes]


def _repeated(keys: Iterable[_Key]) -> _Wrong:
    """Tell row by row whether a row before it is the same in all columns."""
    places: NDArray[np.int64] = np.zeros(1, np.int64)
    for key in keys:
        places = places * max(len(key.distinct), 1) + key.codes  # below 2^63: a table has at most a million cells
    return pd.Series(places).duplicated().to_numpy()


def _giving(metric: Metric) -> list[str]:
    """Name the protocols that give a metric."""
    return [name for name, protocol in protocols().items() if metric in protocol.metrics]


def _numbers(path: Path, table: pd.DataFrame, metric: Metric, protocol: _Key) -> NDArray[np.float64]:
    """One metric's column, checked against what the metric says of its values."""
    text = table[metric.name]
    values: NDArray[np.float64] = pd.to_numeric(text, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    missing = np.isnan(values)
    if missing.any():
        _refuse(path, table, missing & (text != "").to_numpy(bool), f"{metric.name} is no number", text)
    low, high = metric.lowest, metric.highest
    outside = (values < low) | (values > high) | (np.isinf(values) & ~((values > 0) & metric.infinite))
    _refuse(path, table, outside, f"{metric.name} is outside {low:g} to {high:g}", text)
    if not metric.optional:
        _refuse(path, table, missing & protocol.among(_giving(metric)), f"there is no {metric.name}")
    return values


def _refuse(
    path: Path, table: pd.DataFrame, wrong: _Wrong, what: str, values: "pd.Series[str] | None" = None
) -> None:
    """Raise for the first row that is wrong, by video, frame and protocol."""
    if not wrong.any():
        return
    line = int(np.flatnonzero(wrong)[0])
    place = ", ".join(str(part) for part in table.iloc[line][_PLACE])
    got = "" if values is None else f" ('{str(values.iloc[line])[:20]}')"
    raise DataError(f"{path}: line {line + 2} ({place}): {what}{got}; score the row again")
