"""Marks, and what labels with special characters become in Markdown, LaTeX and CSV."""

import csv
import math
import re

from pvdbench.tables.formats import latex, markdown, write_csv
from pvdbench.tables.table import Column, Row, Table, spans

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


def test_missing_and_infinite_numbers():
    table = _table([math.inf, 20, 1234567])
    assert [row[0][0] for row in table.cells] == ["∞", "20.00", "1,234,567.00"]
    assert table.cells[0] == [("∞", "best"), ("\u2013", "")]
    assert r"\textbf{$\infty$} & -- \\" in latex(table)


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
