"""The names in params.yaml that become paths, stages of DVC and words of commands: checked before any is made."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pvdbench.core.errors import ParamsError, shorten
from pvdbench.methods.card import NAME
from pvdbench.networks.params import DeblurRow, MotionRow
from pvdbench.study.rows import RowParams
from pvdbench.study.table_params import TableParams

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Of a file in data/given, where the user has put it; it is no part of a stage's name."""

TAKEN = frozenset({
    "archives", "checkpoints", "code", "complexity", "cost", "deblur", "given", "logs", "motion", "packed", "published",
    "rendering", "scores", "training", "trials", "truth", "weights",
})  # fmt: skip
"""What lies in data/ beside the data sets, of which none may have such a name."""

_PRETRAINED = "pretrained"
"""The training log of the stage `pretrain`, where those of the rows of `motion` are."""


def check_names(params: RowParams, tables: TableParams, where: Path) -> None:
    """Refuse names that a path, a stage of DVC or a command line would take for something else.

    Args:
        tables: key `tables` of params.
        where: the path of params.yaml, for messages.

    Raises:
        ParamsError: naming the key and the rule.
    """
    for key, text in _strings(params.model_dump()):
        if "${" in text:
            raise ParamsError(f"{where}: {key}: '{shorten(text, 60)}' holds ${{, which DVC replaces; write the value")
    chosen, shown = params.datasets, tables.figures.qualitative
    sets = (chosen.pretrain, chosen.train, *chosen.test, *shown.datasets)
    for key, names in (("motion", params.motion), ("deblur", params.deblur), ("datasets", sets),
                       ("tables.figures.compare", tables.figures.compare)):  # fmt: skip
        for name in names:
            _check_name(name, f"{where}: {key}")
    for name in TAKEN.intersection(sets):
        raise ParamsError(f"{where}: datasets: data/{name} is not for a data set; give the data set another name")
    if _PRETRAINED in params.motion:
        raise ParamsError(f"{where}: motion: '{_PRETRAINED}' is the log of the stage pretrain; choose another name")
    _check_weights(params, where)
    for datasets, rows in ((chosen.test, params.motion), (chosen.test, params.deblur), (shown.datasets, shown.rows)):
        _check_stages(datasets, rows, where)


def _check_name(name: str, where: str) -> None:
    if not NAME.fullmatch(name):
        raise ParamsError(f"{where}: '{shorten(name, 50)}' cannot be a name, as files and stages of DVC are named "
                          "after it; choose small letters, digits and single hyphens that begin with a letter, such as "
                          "my-name")  # fmt: skip


def _check_weights(params: RowParams, where: Path) -> None:
    rows: dict[str, MotionRow | DeblurRow] = {f"motion.{name}": row for name, row in params.motion.items()}
    rows |= {f"deblur.{name}": row for name, row in params.deblur.items()}
    for key, row in rows.items():
        if row.weights is not None and not _FILE.fullmatch(row.weights):
            raise ParamsError(f"{where}: {key}.weights: '{shorten(row.weights, 50)}' cannot name a file of data/given; "
                              "write its name without the folder and .safetensors")  # fmt: skip


def _check_stages(datasets: Iterable[str], rows: Iterable[str], where: Path) -> None:
    """Refuse two pairs of data set and row whose stages DVC would name alike, or one that is there twice."""
    rows = list(rows)
    if twice := _twice(f"{data}-{row}" for data in datasets for row in rows):
        raise ParamsError(f"{where}: two stages would be named DATASET-ROW '{twice}'; name each data set and row once, "
                          "and rename one where two pairs read alike")  # fmt: skip


def _twice(names: Iterable[str]) -> str:
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in params.yaml, keys and values, with the way to it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _strings(name, key)
            yield from _strings(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, key)
