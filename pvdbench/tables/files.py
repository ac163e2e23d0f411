"""The folder reports/tables: every table in three formats, the findings, and one JSON a data set for the report."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pvdbench.analysis.findings import Finding, findings_table
from pvdbench.analysis.skipped import SkippedRow
from pvdbench.core.errors import DataError, shorten
from pvdbench.core.json_file import parse_json
from pvdbench.core.whole_file import read_bytes
from pvdbench.io.tables import write_table
from pvdbench.tables.formats import csv_text, latex, markdown, write_csv
from pvdbench.tables.table import Table

Format = Literal["latex", "markdown", "csv"]
_LARGEST = 1 << 28  # bytes: a table of all pairs of 64 rows takes 3 million, of 256 rows 42 million
_FORMATS: Mapping[Format, Callable[[Table], str]] = {"latex": latex, "markdown": markdown, "csv": csv_text}


@dataclass(frozen=True)
class DatasetTables:
    """All tables and findings of one test data set; data says in a few words what it is, skipped which rows failed."""

    dataset: str
    data: str
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[SkippedRow, ...] = ()


def write_tables(folder: Path, measured: DatasetTables) -> None:
    """Write DATASET-NAME.{csv,md,tex}, DATASET-findings.csv and DATASET.json, which read_tables reads back."""
    for table in measured.tables:
        stem = f"{measured.dataset}-{table.name}"
        write_csv(folder / f"{stem}.csv", table)
        (folder / f"{stem}.md").write_text(markdown(table), encoding="utf-8")
        (folder / f"{stem}.tex").write_text(latex(table), encoding="utf-8")
    findings = findings_table(measured.findings)
    write_table(folder / f"{measured.dataset}-findings.csv", findings, tuple(findings.columns))
    # Python's JSON: NaN is a number that the paper or the study lacks, Infinity the PSNR of equal frames
    text = json.dumps(asdict(measured), indent=1, ensure_ascii=False) + "\n"
    (folder / f"{measured.dataset}.json").write_text(text, encoding="utf-8")


def read_tables(folder: Path, dataset: str) -> DatasetTables:
    """Read what write_tables wrote.

    Raises:
        DataError: if DATASET.json is missing or damaged.
    """
    path, again = folder / f"{dataset}.json", "run `dvc repro --force --single-item tables`"
    try:
        whole = parse_json(read_bytes(path, _LARGEST), DatasetTables)
    except FileNotFoundError:
        raise DataError(f"{path}: '{dataset}' has no tables yet; run `dvc repro tables`") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: these are no tables ({shorten(error, 80)}); {again}") from error
    if any(len(row.values) != len(table.columns) for table in whole.tables for row in table.rows):
        raise DataError(f"{path}: these are no tables (a row has not a value a column); {again}")
    return whole


def tables_text(datasets: Iterable[DatasetTables], form: Format, names: Sequence[str] = ()) -> str:
    """Print several tables one after the other, an empty line between them.

    Args:
        names: of the tables, such as table2, in the order wanted; all where none is named.

    Raises:
        DataError: if a data set has no table of a wanted name.
    """
    texts = []
    for measured in datasets:
        there = {table.name: table for table in measured.tables}
        if wrong := [name for name in names if name not in there]:
            raise DataError(f"{measured.dataset}: no table '{wrong[0]}'; choose from {', '.join(there)}")
        texts += [_FORMATS[form](there[name]) for name in names or there]
    return "\n".join(texts)
