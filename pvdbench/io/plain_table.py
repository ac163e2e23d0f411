"""Tables as write_table writes them, of few distinct texts and many numbers, read at once into codes and floats."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from pvdbench.core.whole_file import read_bytes
from pvdbench.io.tables import LARGEST, MOST_CELLS, MOST_COLUMNS

_NOT_PLAIN = b'"', b"\r", b"\0", b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Texts:
    """A column of few distinct texts, each of which is looked at once.

    Attributes:
        codes: row by row the place of its text among the distinct ones.
    """

    codes: NDArray[np.int64]
    distinct: list[str]

    def among(self, texts: Collection[str]) -> NDArray[np.bool_]:
        """Tell row by row whether the text is one of these."""
        return np.array([text in texts for text in self.distinct], bool)[self.codes]

    def column(self) -> "pd.api.extensions.ExtensionArray":
        """Make the column as read_text_table gives it."""
        kind = pd.StringDtype("python", na_value=np.nan)
        return pd.array(np.array(self.distinct, object)[self.codes], dtype=kind)


@dataclass(frozen=True)
class PlainTable:
    """A table's columns by their names; a blank among numbers is NaN."""

    names: tuple[str, ...]
    texts: dict[str, Texts]
    numbers: dict[str, NDArray[np.float64]]


def read_plain_table(path: Path, texts: tuple[str, ...], numbers: Collection[str]) -> PlainTable | None:
    """Read a table that has these columns of texts first, and after them any of these of numbers.

    Returns: None for any other file, and where there is none; read_text_table says what is wrong, if anything is.
    """
    try:
        content = read_bytes(path, LARGEST)
    except OSError:
        return None
    header, _, body = content.partition(b"\n")
    names = tuple(header.decode("utf-8", "replace").split(","))
    if names[: len(texts)] != texts or len(set(names)) < len(names) or not {*names[len(texts) :]} <= {*numbers}:
        return None
    if not body or len(names) > MOST_COLUMNS or content.count(b",") + content.count(b"\n") > MOST_CELLS - 1:
        return None
    if any(mark in content for mark in _NOT_PLAIN):
        return None
    return _read(body, names, texts)


def _read(body: bytes, names: tuple[str, ...], texts: tuple[str, ...]) -> PlainTable | None:
    coded, real = pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), pyarrow.float64()
    kinds = {name: coded if name in texts else real for name in names}
    try:
        table = arrow_csv.read_csv(
            pyarrow.BufferReader(body),
            arrow_csv.ReadOptions(use_threads=False, block_size=max(len(body), 2), column_names=list(names)),
            arrow_csv.ParseOptions(quote_char=False), arrow_csv.ConvertOptions(
            column_types=kinds, null_values=[""], strings_can_be_null=False))  # fmt: skip
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):  # rows that are not alike, texts among numbers
        return None
    columns = {name: table.column(name).combine_chunks() for name in names}
    values = {name: columns[name].to_numpy(zero_copy_only=False) for name in names[len(texts) :]}
    if any(np.isnan(values[name]).sum() != columns[name].null_count for name in values):  # the text nan is no blank
        return None
    keys = {name: Texts(columns[name].indices.to_numpy().astype(np.int64), columns[name].dictionary.to_pylist())
            for name in texts}  # fmt: skip
    return PlainTable(names, keys, values)
