"""The files between stages: which columns a CSV has, and how it is written and read."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.csv as arrow_csv

from pvdbench.core.errors import DataError, shorten
from pvdbench.core.whole_file import read_text
from pvdbench.io.atomic import replaced_file

# Names of files may hold bytes that are no UTF-8, which pandas' columns of pyarrow refuse with a traceback; every table
# of names is read or written here, so columns of Python's own texts are chosen here, whatever is installed beside.
pd.options.mode.string_storage = "python"

MANIFEST = ("video", "split", "frame", "blurry", "sharp", "flow", "occlusion", "width", "height")
"""A data set's frames; paths relative to its folder, sharp, flow and occlusion empty where no truth exists."""

SCORE_KEYS = ("dataset", "method", "task", "video", "frame", "protocol", "counted")
"""What every score file begins with, one row per frame and protocol; a column per metric follows (scoring/protocol.py).

counted is False where the protocol leaves the frame out of its averages."""

TRUTH = ("video", "frame", "blurriness_db", "warping_error_db")
"""What depends on the truth alone: PSNR of the blurry frame, and the sharp frame's own warping error."""

VOLUME_STATISTICS = ("dataset", "video", "quantity", "hits", "total")
"""Sec. 4.4: how many of total pixels had the property."""

TRAINING_LOG = ("step", "loss", "learning_rate", "validation_loss")
"""Means since the row before; validation_loss is the last one measured since then, NaN where there is none."""

SPLITS = ("dataset", "split", "video", "frames", "first_frame", "last_frame", "consecutive")
"""Which videos and frames a published data set consists of; the names of frames count up in their own width."""

BLUR = ("frame", "input_psnr_db")
"""What a synthesized video's blur is worth: PSNR of each blurry frame against its truth."""

RESPONSE = ("byte", "light")
"""A camera's response: the linear light, in [0, 1], of each of the 256 bytes."""

_WHOLE = ("frames", "width", "height", "step", "hits", "total", "byte", "size")
_REAL = ("blurriness_db", "warping_error_db", "loss", "learning_rate", "validation_loss", "input_psnr_db", "light")
_BOOLEAN = ("consecutive",)
_MAY_BE_MISSING = ("warping_error_db", "validation_loss")  # a clip's first frame, an update without validation
"""What is not text in the tables above."""

LARGEST = 1 << 26
MOST_CELLS, MOST_COLUMNS = 1_000_000, 1000
"""Of a table, in bytes and cells: 15 times the score file of 1,000 frames under every protocol."""

_LONGEST_NUMBER = 400  # characters; the largest float has 309 digits, and Python reads no integer of over 4,300
_NUMBER = r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf)"
_NOT_PLAIN = '"', "\r", "\0"
_SPREADSHEET = "a spreadsheet changed it"


def write_table(path: Path, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Write a CSV with exactly these columns; equal tables give equal bytes.

    Raises:
        DataError: if a name holds bytes that are no UTF-8, as names of files may.
        WriteError: if the disk is full or the folder cannot be written.
    """
    try:
        with replaced_file(path) as partial:
            table.loc[:, list(columns)].to_csv(partial, index=False, lineterminator="\n", encoding="utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"{path}: a name in it is no UTF-8 ({shorten(repr(error.object), 80)}); rename that file or "
                        "folder, or set LC_ALL=C.UTF-8 if its name looks right there") from error  # fmt: skip


def read_text_table(path: Path) -> pd.DataFrame:
    """Read a CSV with every cell as text: a clip may be called NA or 007, and a blank is an empty string.

    Raises:
        DataError: if the file is missing or no CSV in UTF-8 (a byte order mark is taken), or a row has not a cell for
            each column.
    """
    table = _cells(path)
    header = list(table.columns)
    if "" in header:
        raise DataError(f"{path}: column {header.index('') + 1} has no name; {_SPREADSHEET}: remove empty columns")
    if twice := next((name for name, count in Counter(header).items() if count > 1), None):
        raise DataError(f"{path}: it has two columns '{shorten(twice, 40)}'; make it again")
    return table


def read_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV that must have exactly these columns; names of videos and frames stay the text that they are.

    Returns: whole numbers, numbers, Booleans or text by column; a blank of a text column is missing (NaN), as is one of
        a number that may be missing.
    Raises:
        DataError: if the file is missing, empty or has other columns, or a cell is not of its column's kind.
    """
    table = read_text_table(path)
    if tuple(table.columns) != columns and tuple(name.strip().lower() for name in table.columns) == columns:
        named = shorten(",".join(columns), 120)
        raise DataError(f"{path}: its columns have capitals or spaces around; name them {named}")
    if tuple(table.columns) != columns:
        raise DataError(f"{path}: its columns are {shorten(', '.join(table.columns), 80)}, and should be "
                        f"{shorten(', '.join(columns), 120)}; make it again")  # fmt: skip
    return pd.DataFrame({column: _typed(path, table[column]) for column in columns})


def numbers(path: Path, text: "pd.Series[str]", *, blank: bool) -> "pd.Series[Any]":
    """Read a column of read_text_table as numbers.

    Args:
        blank: whether a blank is taken, as NaN.

    Raises:
        DataError: by line, for anything else, such as `NA` or a decimal comma.
    """
    right = text.str.fullmatch(_NUMBER) & (text.str.len() <= _LONGEST_NUMBER)
    _refuse(path, text, right | (blank & (text == "")), "number")
    return pd.to_numeric(text.mask(text == ""))


def _typed(path: Path, text: "pd.Series[str]") -> "pd.Series[Any]":
    name = str(text.name)
    if name in _WHOLE:
        _refuse(path, text, text.str.fullmatch(r"[+-]?[0-9]{1,18}"), "whole number")
        return text.astype("int64")
    if name in _REAL:
        return numbers(path, text, blank=name in _MAY_BE_MISSING).astype(float)
    if name in _BOOLEAN:
        _refuse(path, text, text.str.fullmatch("true|false", case=False), "True or False")
        return text.str.lower() == "true"
    return text.mask(text == "")


def _refuse(path: Path, text: "pd.Series[str]", right: "pd.Series[bool]", wanted: str) -> None:
    """Raise for the first cell of a column that is not right, by its line."""
    if right.all():
        return
    line = int(np.flatnonzero(~right)[0])
    got = text.iloc[line]
    hint = f"{_SPREADSHEET}: save it with decimal points" if re.fullmatch(r"-?\d+,\d+", got) else "mend the cell"
    said = f"'{shorten(got, 40)}'" if got else "blank"
    raise DataError(f"{path}: line {line + 2}: {text.name} is {said}, and should be a {wanted}; {hint}")


def _cells(path: Path) -> pd.DataFrame:
    """Read a CSV's rows, as many cells in each as in the first, which names the columns."""
    try:
        text = read_text(path, LARGEST)
        if (table := _plain(text)) is not None:
            return table
        rows = list(_rows(text))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such table; run the stage that makes it, or correct its name") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); correct the path or its permissions") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: this table is no UTF-8; {_SPREADSHEET}: save it as CSV in UTF-8") from error
    except (csv.Error, ValueError) as error:
        raise DataError(f"{path}: this is no CSV ({shorten(error, 80)}); make it again") from error
    if not rows:
        raise DataError(f"{path}: this is no CSV (it is empty); make it again")
    _refuse_separators(path, text, rows)
    return pd.DataFrame(rows[1:], columns=rows[0], dtype="str")


def _plain(text: str) -> pd.DataFrame | None:
    """Read a table as write_table writes it, without quotes, where commas and line ends alone separate cells.

    Returns: None for any other text, whose rows are looked at one by one.
    """
    names = text[: text.find("\n")].split(",")
    if any(mark in text for mark in _NOT_PLAIN) or not 1 < len(names) <= MOST_COLUMNS or len(set(names)) < len(names):
        return None
    if text.count(",") + text.count("\n") > MOST_CELLS - 1:
        return None
    try:
        plain = arrow_csv.read_csv(
            io.BytesIO(text.encode()), arrow_csv.ReadOptions(use_threads=False, block_size=LARGEST, column_names=names,
            skip_rows=1), arrow_csv.ParseOptions(quote_char=False), arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pyarrow.string()), strings_can_be_null=False))  # fmt: skip
    except pyarrow.ArrowInvalid:  # rows that are not alike, which are named by line
        return None
    table: pd.DataFrame = plain.to_pandas()
    return table


def _rows(text: str) -> Iterator[list[str]]:
    """Rows that are not blank, as long as they are not too many to be checked in a second."""
    cells = 0
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        cells += len(row)
        if cells > MOST_CELLS or len(row) > MOST_COLUMNS:
            raise ValueError(f"more than {MOST_COLUMNS} columns or {MOST_CELLS} cells")
        if row:
            yield row


def _refuse_separators(path: Path, text: str, rows: list[list[str]]) -> None:
    if "\0" in text:
        raise DataError(f"{path}: this table is in UTF-16 or binary; {_SPREADSHEET}: save it as CSV in UTF-8")
    if len(rows[0]) == 1 and (other := next((mark for mark in ";\t|" if mark in rows[0][0]), "")):
        raise DataError(f"{path}: {other!r} separates its columns; {_SPREADSHEET}: save it with commas")
    if uneven := next((number for number, row in enumerate(rows, 1) if len(row) != len(rows[0])), 0):
        raise DataError(f"{path}: line {uneven} has {len(rows[uneven - 1])} cells, and its first line has "
                        f"{len(rows[0])}; make it again, or save it with decimal points")  # fmt: skip
