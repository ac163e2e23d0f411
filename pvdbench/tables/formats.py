"""Tables as CSV (full precision), Markdown and LaTeX (booktabs)."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from pvdbench.core.records import write_table
from pvdbench.tables.table import INFINITE, MISSING, Mark, Table, spans

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    MISSING: "--",
    INFINITE: r"$\infty$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
} | {c: "\\" + c for c in "&%$#_{}"}
_MARKDOWN_MARKS: dict[Mark, str] = {"best": "**{}**", "second": "<ins>{}</ins>", "": "{}"}
_LATEX_MARKS: dict[Mark, str] = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "": "{}"}


def write_csv(path: Path, table: Table) -> None:
    """One line a row: data set, protocol, row, label and every number, empty where there is none."""
    keys = [column.key for column in table.columns]
    numbers = pd.DataFrame([row.values for row in table.rows], columns=keys, dtype=float)
    heads = pd.DataFrame(
        [(table.dataset, table.protocol, row.name, row.label) for row in table.rows],
        columns=["dataset", "protocol", "row", "label"],
    )
    write_table(path, heads.join(numbers), tuple(heads.columns) + tuple(keys))


def markdown(table: Table) -> str:
    """A GitHub table; headings joined into one line, since Markdown has no spans."""
    headings = [" ".join(filter(None, (c.source, c.group, c.heading))) for c in table.columns]
    lines = [f"## {_markdown_text(table.title)}", "", _markdown_text(table.caption), ""]
    lines.append(_markdown_line(["", *map(_markdown_text, headings)]))
    lines.append(_markdown_line(["---", *["---:"] * len(headings)]))
    lines += map(_markdown_line, _cells(table, _MARKDOWN_MARKS, _markdown_text))
    return "\n".join(lines) + "\n"


def latex(table: Table) -> str:
    """A booktabs table; put \\usepackage{booktabs} into the preamble."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(table.title)}. {latex_text(table.caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule",
        *_latex_heading(spans([source for source, _ in table.headings])),
        *_latex_heading([(group, length) for (_, group), length in spans(table.headings)]),
        _latex_line(["", *(latex_text(column.heading) for column in table.columns)]),
        r"\midrule",
        *map(_latex_line, _cells(table, _LATEX_MARKS, latex_label)),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text with every character that LaTeX would read as a command escaped."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex_label(label: str) -> str:
    """A label; what follows an underscore is a subscript, as in the paper."""
    return re.sub(r"\\_([A-Za-z0-9]+)", r"\\textsubscript{\1}", latex_text(label))


def _cells(table: Table, forms: Mapping[Mark, str], escape: Callable[[str], str]) -> list[list[str]]:
    """Each row's label and its numbers, escaped and marked."""
    return [
        [escape(row.label), *(forms[mark].format(escape(text)) for text, mark in cells)]
        for row, cells in zip(table.rows, table.cells, strict=True)
    ]


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
