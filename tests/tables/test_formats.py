"""Marks, and what labels with special characters become in Markdown, LaTeX and CSV."""

import csv
import math
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from pvdbench.analysis.intervals import Interval
from pvdbench.core.whole_file import LARGEST
from pvdbench.tables.files import DatasetTables, read_tables, write_tables
from pvdbench.tables.formats import latex, markdown, write_csv
from pvdbench.tables.table import Cell, Column, Row, Table, decimal, psnr_column, spans

_EVIL = "<script>a & b_LFN 5% $x$ {y} ~z^ \\q | #1"


def _table(values, better="higher", digits=2, label="row"):
    columns = (Column("psnr_db", "Measured", "Entire", "PSNR (dB)", digits, better),
               Column("paper_psnr_db", "Paper", "Entire", "PSNR (dB)", digits))  # fmt: skip
    rows = tuple(Row(f"r{i}", f"{label}{i}", (value, math.nan)) for i, value in enumerate(values))
    return Table("t", "Title", "A caption with 50 % and a_b.", "sample", "koehler", columns, rows)


def test_best_and_second_go_by_the_printed_number():
    assert _table([30.001, 29.5, 30.004, math.nan, 20]).marks(0) == ["best", "second", "best", "", ""]
    assert _table([3, 1, 2], better="lower").marks(0) == ["", "best", "second"]
    assert _table([3, 1, 2], better="neither").marks(0) == ["", "", ""]
    assert _table([3, 1, 2]).marks(1) == ["", "", ""]


def test_tables_larger_than_any_other_text_are_read_back(tmp_path):
    """All pairs of 160 rows are that large; here a caption is."""
    table = replace(_table([1.0]), caption="x" * LARGEST)
    write_tables(tmp_path, DatasetTables("sample", "made up", (table,), ()))
    assert read_tables(tmp_path, "sample").tables[0].caption == table.caption


def test_an_upper_bound_earns_no_marks_and_takes_none_away():
    table = _table([30, 29.5, 31, 28])
    rows = [replace(row, bound=row.name == "r2") for row in table.rows]
    assert replace(table, rows=tuple(rows)).marks(0) == ["best", "second", "", ""]
    rows = [replace(row, bound=row.name == "r0") for row in _table([30, 30, 29]).rows]
    assert replace(table, rows=tuple(rows)).marks(0) == ["", "best", "second"]


def test_missing_and_infinite_numbers():
    table = _table([math.inf, 20, 1234567])
    assert [row[0].text for row in table.cells] == ["identical", "20.00", "1,234,567.00"]
    assert table.cells[0] == [Cell("identical", "best", None, 0), Cell("\u2013", "", None, 0)]
    assert r"\textbf{identical} & -- \\" in latex(table)


def _measured(*intervals):
    columns = (psnr_column("psnr_db", "Measured", "Entire"), Column("gain_db", "Measured", "", "Gain", 1, signed=True),
               Column("says", "Measured", "", "Says", 0))  # fmt: skip
    rows = tuple(Row(f"r{i}", f"row{i}", (interval, 0.25 - i, "a_b & c")) for i, interval in enumerate(intervals))
    return Table("t", "Title", "Caption.", "sample", "koehler", columns, rows)


_MEASURED = _measured(
    Interval(30.123, 29.5, 31.0, 3, 18, identical=3),
    Interval(math.inf, math.nan, math.nan, 0, 0, identical=21),
    Interval(20.0, math.nan, math.nan, 1, 7),
)


def test_intervals_identical_frames_and_words_in_markdown():
    text = markdown(_MEASURED)
    assert r"| row0 | <ins>30.12</ins> (3 identical) \[29.50, 31.00\] | +0.2 | a\_b \& c |" in text
    assert "| row1 | **identical** | \u22120.8 |" in text and "| row2 | 20.00 | \u22121.8 |" in text
    assert "In brackets: 95 % intervals over 3 clips. Frames identical to the truth" in text
    assert "| --- | ---: | ---: | --- |" in text


def test_latex_keeps_the_plain_number_and_counts_identical_frames():
    text = latex(_MEASURED)
    assert r"row0 & \underline{30.12}\textsuperscript{3} & +0.2 & a\textsubscript{b} \& c \\" in text
    assert "29.50" not in text and r"$-$0.8" in text and "left out of means and counted in superscript" in text
    assert "identical" not in latex(_measured(Interval(20.0, 19.0, 21.0, 3, 21)))


def test_csv_has_bounds_and_counts_beside_the_number(tmp_path):
    write_csv(tmp_path / "t.csv", _MEASURED)
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[4:] == ["psnr_db", "psnr_db_low", "psnr_db_high", "psnr_db_clips", "psnr_db_identical",
                                 "gain_db", "says"]  # fmt: skip
    assert list(rows[0].values())[4:] == ["30.123", "29.5", "31.0", "3", "3", "0.25", "a_b & c"]
    assert list(rows[1].values())[4:9] == ["inf", "", "", "0", "21"]
    assert list(rows[2].values())[4:9] == ["20.0", "", "", "1", "0"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0.00"),
        (-0.004, "0.00"),
        (0.004, "0.00"),
        (-0.006, "\u22120.01"),
        (1234.5, "+1,234.50"),
        (math.nan, "\u2013"),
    ],
)
def test_a_signed_number_that_rounds_to_zero_has_no_sign(value, text):
    assert decimal(value, 2, signed=True) == text


def test_spans():
    assert spans(["a", "a", "b", "a"]) == [("a", 2), ("b", 1), ("a", 1)]


def test_markdown_marks_escapes_and_keeps_its_columns():
    lines = markdown(_table([30, 29, 28], label=_EVIL)).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}
    assert "| **30.00** |" in rows[2] and "| <ins>29.00</ins> |" in rows[3]
    assert r"\<script\>a \& b\_LFN" in rows[2] and not re.search(r"(?<!\\)<script", rows[2])


def test_latex_is_a_whole_booktabs_table_with_everything_escaped():
    text = latex(_table([30, 29, 28], label=_EVIL))
    for command in (r"\toprule", r"\midrule", r"\bottomrule", r"\cmidrule(lr){2-2} \cmidrule(lr){3-3}"):
        assert text.count(command) >= 1
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == 3
    for line in body:
        assert len(re.findall(r"(?<!\\)&", line)) == 2 and line.endswith(r" \\")
        assert not re.search(r"(?<!\\)[%#_]", line)
    assert r"\textbf{30.00}" in body[0] and r"\underline{29.00}" in body[1]
    assert (
        r"b\textsubscript{LFN} 5\% \$x\$ \{y\} \textasciitilde{}z\textasciicircum{} \textbackslash{}q | \#1" in body[0]
    )
    assert r"A caption with 50 \% and a\_b." in text


def test_csv_keeps_labels_and_full_precision(tmp_path):
    write_csv(tmp_path / "t.csv", _table([1 / 3], label=_EVIL))
    with (tmp_path / "t.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert row == {"dataset": "sample", "protocol": "koehler", "row": "r0", "label": f"{_EVIL}0",
                   "psnr_db": repr(1 / 3), "paper_psnr_db": ""}  # fmt: skip


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no pdflatex in PATH; `apt-get install texlive-latex-recommended`"
)
def test_latex_compiles_as_it_is_with_booktabs(tmp_path):
    tables = [_MEASURED, _table([30.0, 29.5], label=_EVIL)]
    text = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}\\begin{document}" + "".join(
        map(latex, tables)
    )
    (tmp_path / "tables.tex").write_text(text + "\\end{document}\n")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "tables.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:]
    assert (tmp_path / "tables.pdf").stat().st_size > 1000
