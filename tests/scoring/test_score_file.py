"""Score files are read alike, with one message, whether their cells are plain or quoted, and numbers are Python's."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.core.errors import DataError
from pvdbench.io.plain_table import read_plain_table
from pvdbench.io.tables import SCORE_KEYS
from pvdbench.scoring.registry import metrics, named_protocols
from pvdbench.scoring.score_file import read_score_file, score_table, write_score_file

HEAD = ",".join(SCORE_KEYS) + ",psnr_db,ssim\n"
KEYS = "s,m,deblur,v,007,plain-rgb,True"
ODD = ("nan", "NaN", "NA", "null", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "+30", " 30", "30 ", "3,0",
       "0x10", "1_0", "-0", "-0.0", ".5", "5.", "1e1", "1E+1", "", "True", "-", "30.000000000000004",
       "0.1" + "0" * 50 + "1",
       "\u0663", "9" * 500)  # fmt: skip


def plain(path):
    return read_plain_table(path, SCORE_KEYS, metrics())


def both(tmp_path, text):
    """What reading a text gives, and what it gives where the first name is quoted, which no plain table's is."""
    found = []
    for name, content in (("plain", text), ("other", text.replace("dataset", '"dataset"', 1))):
        (tmp_path / name).mkdir(exist_ok=True)
        path = tmp_path / name / "s.csv"
        path.write_text(content, encoding="utf-8")
        try:
            found.append(read_score_file(path))
        except DataError as error:
            found.append(str(error).removeprefix(str(path)))
    assert plain(tmp_path / "other" / "s.csv") is None
    return found


def assert_alike(first, second):
    assert type(first) is type(second), (first, second)
    if isinstance(first, str):
        assert first == second
    else:
        pd.testing.assert_frame_equal(first, second, check_exact=True)
        assert [getattr(kind, "storage", kind) for kind in first.dtypes] == [
            getattr(kind, "storage", kind) for kind in second.dtypes]  # fmt: skip


@pytest.mark.parametrize("cell", ODD)
@pytest.mark.parametrize("column", range(9))
def test_odd_cells_read_alike_plain_and_quoted(tmp_path, column, cell):
    cells = [*KEYS.split(","), "30.5", "0.9"]
    cells[column] = cell
    assert_alike(*both(tmp_path, f"{HEAD}{KEYS.replace('007', '006')},30.1,0.8\n{','.join(cells)}\n"))


@pytest.mark.parametrize("text", [
    "", "\n", HEAD, HEAD.rstrip(), HEAD + "\n", f"{HEAD}{KEYS},30,0.9", f"{HEAD}\n{KEYS},30,0.9\n\n",
    f"{HEAD}{KEYS},30,0.9\n{KEYS},31,0.9\n", f"{HEAD}{KEYS},30\n",
    f"{HEAD}{KEYS},30,0.9,1\n", f"{HEAD}{KEYS},,0.9\n",
    HEAD.replace("ssim", "psnr_db"), HEAD.replace("ssim", "vmaf"), HEAD.replace("task", "Task") + f"{KEYS},30,0.9\n",
    f"{HEAD}{KEYS},30,0.9\r\n", f"{HEAD}{KEYS},30,0.9\n{KEYS.replace('007', '008')},-3,0.9\n",
    f"\ufeff{HEAD}{KEYS},30,0.9\n",
    f"{HEAD}{KEYS.replace('plain-rgb', 'vmaf')},30,0.9\n", f"{HEAD}{KEYS.replace('v', 'été')},30,0.9\n",
])  # fmt: skip
def test_odd_files_read_alike_plain_and_quoted(tmp_path, text):
    assert_alike(*both(tmp_path, text))


def test_what_the_package_writes_is_read_as_plain(tmp_path):
    rows = [{**dict(zip(SCORE_KEYS, KEYS.split(","), strict=True)), "frame": f"{number:03d}", "counted": number > 0,
             "psnr_db": [math.inf, 31.25][number], "ssim": 0.5} for number in range(2)]  # fmt: skip
    write_score_file(tmp_path / "s.csv", score_table(rows, named_protocols("plain-rgb", "deblur")))
    assert plain(tmp_path / "s.csv") is not None
    table = read_score_file(tmp_path / "s.csv", dataset="s", method="m", task="deblur")
    assert table["frame"].tolist() == ["000", "001"] and table["counted"].tolist() == [False, True]
    assert table["psnr_db"].tolist() == [math.inf, 31.25] and table["counted"].dtype == bool
    with pytest.raises(DataError, match=r"line 2 \(v, 000, plain-rgb\): method is not 'other'; score the row again"):
        read_score_file(tmp_path / "s.csv", method="other")


@given(st.lists(st.floats(0, 200), min_size=1, max_size=20))
def test_numbers_are_those_that_python_reads(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text(HEAD + "".join(f"{KEYS.replace('007', str(row))},{value!r},\n" for row, value in enumerate(values)))
    read = plain(path)
    assert read is not None and np.array_equal(read.numbers["psnr_db"].view("i8"), np.array(values).view("i8"))
    assert np.isnan(read.numbers["ssim"]).all()


def test_a_frame_that_is_changed_changes_no_other_reading(tmp_path):
    (tmp_path / "s.csv").write_text(f"{HEAD}{KEYS},30,0.9\n")
    table = read_score_file(tmp_path / "s.csv")
    table["psnr_db"] = 1.0
    assert read_score_file(tmp_path / "s.csv")["psnr_db"].tolist() == [30.0]
