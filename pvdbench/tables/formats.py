"""Tables as CSV (full precision), Markdown and LaTeX (booktabs)."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from pvdbench.analysis.intervals import Interval
from pvdbench.io.atomic import replaced_file
from pvdbench.tables.table import MISSING, Cell, Column, Mark, Table, Value, number, spans

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    MISSING: "--",
    "\u2212": "$-$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
} | {c: "\\" + c for c in "&%$#_{}"}
_MARKDOWN_MARKS: dict[Mark, str] = {"best": "**{}**", "second": "<ins>{}</ins>", "": "{}"}
_LATEX_MARKS: dict[Mark, str] = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "": "{}"}


_LINE, _PAGE = 345, 560
"""The text of LaTeX's article class and the paper it is printed on, in points."""

_SIZES = (("", 6, 5.4, _LINE), (r"\small", 4, 4.9, _LINE), (r"\footnotesize", 3, 4.5, _LINE),
          (r"\scriptsize", 2, 4.1, _PAGE))  # fmt: skip
"""Type, the space at each side of a column and the width of a character, both in points; how wide a table may be."""

_IDENTICAL = " Frames identical to the truth, whose PSNR is infinite, are left out of means and counted {}."


def write_csv(path: Path, table: Table) -> None:
    """Write csv_text(table) to path, whole or not at all."""
    with replaced_file(path) as partial:
        partial.write_text(csv_text(table), encoding="utf-8")


def csv_text(table: Table) -> str:
    """Format one line per row: data set, protocol, row, label and every value, empty where there is none.

    KEY_low, KEY_high and KEY_clips are beside numbers with intervals, KEY_identical beside means that may leave frames
    out.
    """
    heads = pd.DataFrame(
        [(table.dataset, table.protocol, row.name, row.label) for row in table.rows],
        columns=["dataset", "protocol", "row", "label"],
    )
    if any(row.link for row in table.rows):
        heads["source_url"] = [row.link for row in table.rows]
    if any(row.bound for row in table.rows):
        heads["upper_bound"] = [row.bound for row in table.rows]
    if any(row.skipped for row in table.rows):
        heads["skipped"] = [row.skipped for row in table.rows]
    parts = [heads] + [_csv_columns(c, [row.values[i] for row in table.rows]) for i, c in enumerate(table.columns)]
    return pd.concat(parts, axis=1).to_csv(index=False, lineterminator="\n")


def _csv_columns(column: Column, values: list[Value]) -> pd.DataFrame:
    """A column with what belongs to it."""
    intervals = [value if isinstance(value, Interval) else None for value in values]
    parts: dict[str, list[Value | None]] = {
        column.key: [value if isinstance(value, str) else number(value) for value in values]
    }
    if column.interval:
        parts[f"{column.key}_low"] = [interval and interval.low for interval in intervals]
        parts[f"{column.key}_high"] = [interval and interval.high for interval in intervals]
        parts[f"{column.key}_clips"] = [interval and interval.videos for interval in intervals]
    if column.identical:
        parts[f"{column.key}_identical"] = [interval and interval.identical for interval in intervals]
    return pd.DataFrame({key: pd.Series(part, dtype=object) for key, part in parts.items()})


def markdown(table: Table) -> str:
    """A GitHub table; headings joined into one line, since Markdown has no spans."""
    headings = [" ".join(filter(None, (c.source, c.group, c.heading))) for c in table.columns]
    notes = _interval_note(table) + _IDENTICAL.format("beside them") * table.has_identical
    lines = [f"## {_markdown_text(table.title)}", "", _markdown_text(table.caption + notes), ""]
    lines.append(_markdown_line(["", *map(_markdown_text, headings)]))
    lines.append(_markdown_line(["---", *("---" if table.is_text(i) else "---:" for i in range(len(headings)))]))
    lines += map(_markdown_line, _cells(table, _markdown_text, _markdown_cell))
    return "\n".join(lines) + "\n"


def _interval_note(table: Table) -> str:
    brackets = " In brackets:" * table.has_intervals
    return f"{brackets} {table.interval_note}" if table.interval_note else ""


def latex(table: Table) -> str:
    """A booktabs table; put \\usepackage{booktabs} into the preamble. Intervals are left to the other formats.

    Wide tables are set small; one that is still wider than the text reaches over both of its margins alike.
    """
    note = _IDENTICAL.format("in superscript") * table.has_identical
    alignment = "".join("l" if table.is_text(i) else "r" for i in range(len(table.columns)))
    lines = [
        r"\begin{table}",
        rf"\caption{{{latex_text(_unnumbered(table.title))}. {latex_text(table.caption + note)}}}",
        rf"\par\vskip1ex{_latex_size(table)}\makebox[\linewidth]{{%",
        rf"\begin{{tabular}}{{l{alignment}}}",
        r"\toprule",
        *_latex_heading(spans([source for source, _ in table.headings])),
        *_latex_heading([(group, length) for (_, group), length in spans(table.headings)]),
        _latex_line(["", *(latex_text(column.heading) for column in table.columns)]),
        r"\midrule",
        *map(_latex_line, _cells(table, latex_label, _latex_cell)),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _unnumbered(title: str) -> str:
    """A title without "Table 1: " or "Tables 4 and 5: ", as LaTeX counts for itself."""
    bare = re.sub(r"^Tables? \d+( and \d+)?: ", "", title)
    return bare[:1].upper() + bare[1:]


def _latex_size(table: Table) -> str:
    """The largest type in which a table fits, by a rough count of its characters."""
    labels = [row.label + row.note for row in table.rows]
    columns = [labels, *([c.heading, *(cells[i].text for cells in table.cells)] for i, c in enumerate(table.columns))]
    characters = sum(max(map(len, texts)) for texts in columns)
    fits = (s for s in _SIZES if characters * s[2] + 2 * s[1] * len(columns) <= s[3])
    size, space, *_ = next(fits, (r"\tiny", 2))
    return size and rf"{size}\setlength{{\tabcolsep}}{{{space}pt}}"


def latex_text(text: str) -> str:
    """Text with every character that LaTeX would read as a command escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex_label(label: str) -> str:
    """A label; what follows an underscore is a subscript, as in the paper."""
    return re.sub(r"\\_([A-Za-z0-9]+)", r"\\textsubscript{\1}", latex_text(label))


def _cells(table: Table, label: Callable[[str], str], cell: Callable[[Cell], str]) -> list[list[str]]:
    """Each row's label with what is to be known of it, and its values, escaped and marked."""
    heads = (label(row.label) + (f" ({label(row.note)})" if row.note else "") for row in table.rows)
    return [[head, *map(cell, cells)] for head, cells in zip(heads, table.cells, strict=True)]


def _markdown_cell(cell: Cell) -> str:
    marked = _MARKDOWN_MARKS[cell.mark].format(_markdown_text(cell.text))
    identical = f" ({cell.identical} identical)" if cell.identical else ""
    bounds = " \\[{}, {}\\]".format(*cell.bounds) if cell.bounds else ""
    return marked + identical + bounds


def _latex_cell(cell: Cell) -> str:
    marked = _LATEX_MARKS[cell.mark].format(latex_label(cell.text))
    return marked + (rf"\textsuperscript{{{cell.identical}}}" if cell.identical else "")


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#&])", r"\\\1", text)


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_heading(runs: Sequence[tuple[str, int]]) -> list[str]:
    """A line of headings that span columns and the rules beneath them; nothing where all are empty."""
    if not any(heading for heading, _ in runs):
        return []
    cells, rules, start = [""], [], 2
    for heading, length in runs:
        cells.append(rf"\multicolumn{{{length}}}{{c}}{{{latex_text(heading)}}}")
        rules += [rf"\cmidrule(lr){{{start}-{start + length - 1}}}"] if heading else []
        start += length
    return [_latex_line(cells), " ".join(rules)]
