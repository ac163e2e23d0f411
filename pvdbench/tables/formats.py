"""Tables as CSV (full precision), Markdown and LaTeX (booktabs)."""

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pvdbench.core.records import write_table
from pvdbench.tables.table import Mark, Table, spans

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--",
          "∞": r"$\infty$"} | {c: "\\" + c for c in "&%$#_{}"}  # fmt: skip
_MARKDOWN_MARKS = {"best": "**{}**", "second": "<ins>{}</ins>", "": "{}"}
_LATEX_MARKS = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "": "{}"}


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
    lines += [_markdown_line([_markdown_text(label), *cells]) for label, cells in _cells(table, _MARKDOWN_MARKS)]
    return "\n".join(lines) + "\n"


def latex(table: Table) -> str:
    """A booktabs table; put \\usepackage{booktabs} into the preamble."""
    sources = [column.source for column in table.columns]
    groups = [(column.source, column.group) for column in table.columns]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex_text(table.title)}. {latex_text(table.caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"\toprule",
        *_latex_heading(spans(sources), sources),
        *_latex_heading(spans(groups), [group for _, group in groups]),
        _latex_line(["", *(latex_text(column.heading) for column in table.columns)]),
        r"\midrule",
        *(_latex_line([latex_label(label), *map(_latex_cell, cells)]) for label, cells in _cells(table, _LATEX_MARKS)),
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


def _cells(table: Table, forms: dict[Mark, str]) -> list[tuple[str, list[str]]]:
    """Each row's label and its numbers, marked."""
    marks = [table.marks(c) for c in range(len(table.columns))]
    return [
        (row.label, [forms[marks[c][r]].format(table.text(row, c)) for c in range(len(table.columns))])
        for r, row in enumerate(table.rows)
    ]


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>|#&])", r"\\\1", text)


def _markdown_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _latex_cell(cell: str) -> str:
    return cell.replace("–", "--").replace("∞", r"$\infty$")


def _latex_line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_heading(runs: Sequence[tuple[object, int]], labels: Sequence[str]) -> list[str]:
    """A line of spanning headings and the rules beneath them; nothing where all are empty."""
    if not any(labels):
        return []
    cells, rules, start = [""], [], 0
    for _, length in runs:
        cells.append(rf"\multicolumn{{{length}}}{{c}}{{{latex_text(labels[start])}}}")
        rules += [rf"\cmidrule(lr){{{start + 2}-{start + length + 1}}}"] if labels[start] else []
        start += length
    return [_latex_line(cells), " ".join(rules)]
