"""Published numbers of deblurring methods beside the study's own (as Tables 4 and 5), one protocol a column."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pvdbench.analysis import intervals
from pvdbench.analysis.intervals import Interval
from pvdbench.analysis.published import UNKNOWN
from pvdbench.analysis.scores import Scores, read_protocols
from pvdbench.core.errors import DataError, ParamsError
from pvdbench.scoring.registry import protocols
from pvdbench.tables.inputs import Context, TableInputs
from pvdbench.tables.table import Column, Row, Table, Value, psnr_column, ssim_column

_LINE = ["method", "year", "source", "source_url"]
_PLACE = ["dataset", "protocol"]
Place = tuple[str, str]
"""A data set and a protocol."""


@dataclass(frozen=True)
class Number:
    """A number and where it was measured; a difference has the places of both its numbers."""

    value: Value
    places: frozenset[Place]


def check_unmixed(column: str, numbers: Iterable[Number]) -> None:
    """Refuse a column whose numbers must not be compared.

    Raises:
        DataError: if the numbers are from more than one data set or protocol.
    """
    places = sorted({place for number in numbers for place in number.places})
    if len(places) > 1:
        got = ", ".join(f"{dataset} under {protocol}" for dataset, protocol in places)
        raise DataError(
            f"published numbers, column '{column}' mixes {got}; give each data set and protocol a column of its own"
        )


def tables(inputs: TableInputs) -> Iterator[Table]:
    """Make the table of published numbers under every protocol that the rows were scored by, if there are any."""
    by_protocol: dict[str, Scores] = {}
    for row in inputs.params.published:
        for protocol, frames in read_protocols(inputs.study, inputs.context.dataset, row).items():
            by_protocol.setdefault(protocol, {})[row] = frames[frames["counted"]]
    labels, numbers = inputs.params.published, inputs.published.numbers
    table = published_table(inputs.context, labels, by_protocol, numbers)
    if table is not None:
        yield table


def published_table(
    context: Context,
    labels: Mapping[str, str],
    scores_by_protocol: Mapping[str, Scores],
    published: pd.DataFrame,
) -> Table | None:
    """A row for each method, year and source, a group of columns for each protocol; None without published numbers.

    Args:
        labels: row name to the method_name of published numbers.
        scores_by_protocol: each protocol's counted frames, for any of the rows; their columns say where they belong.
        published: Published.numbers.

    Raises:
        DataError: if a column would mix protocols or data sets, a number is there twice or a protocol is unheard of.
        ParamsError: if two rows go by one published name.
    """
    here = published[published["dataset_name"] == context.dataset]
    if here.empty:
        return None
    _check(here, labels)
    study = _Study({name: row for row, name in labels.items()}, scores_by_protocol)
    lines = [_Line.of(line, study) for _, line in here.groupby(_LINE, sort=False)]
    columns = _used_columns(context, here, lines)
    rows = sorted((line.row(columns) for line in lines), key=lambda row: not row.name)
    title = "Published numbers beside the measured ones"
    return Table(
        "published", title, _caption(context, published), context.dataset, "several", columns, tuple(rows), "literature"
    )


@dataclass(frozen=True)
class _Study:
    """What the study measured, by the published names of its rows."""

    rows: Mapping[str, str]
    scores_by_protocol: Mapping[str, Scores]

    def measured(self, method: str, protocol: str) -> tuple[Number, Number] | None:
        """PSNR (dB) and SSIM; None where the study lacks the row or did not score it under the protocol."""
        frames = self.scores_by_protocol.get(protocol, {}).get(self.rows.get(method, ""))
        if frames is None:
            return None
        places = frozenset(
            (str(dataset), str(name)) for dataset, name in zip(*(frames[c] for c in _PLACE), strict=True)
        )
        psnr, ssim = (intervals.mean(frames[quantity], frames["video"]) for quantity in ("psnr_db", "ssim"))
        return Number(psnr, places), Number(ssim, places)


@dataclass(frozen=True)
class _Line:
    """One row of the table before its numbers are put into columns, by the columns' keys."""

    name: str
    label: str
    link: str
    numbers: Mapping[str, Number]

    @staticmethod
    def of(line: pd.DataFrame, study: _Study) -> "_Line":
        """What one source prints of one method, and what the study measured of it."""
        first = line.iloc[0]
        numbers: dict[str, Number] = {}
        for _, printed in line.iterrows():
            numbers |= _published(printed) | _beside(printed, study)
        measured = any(not key.startswith("paper_") for key in numbers)
        name = study.rows[first["method_name"]] if measured else ""
        return _Line(name, _label(first), first["source_url"].split()[0], numbers)

    def row(self, columns: Sequence[Column]) -> Row:
        """The numbers in the order of the columns."""
        values = (self.numbers[column.key].value if column.key in self.numbers else math.nan for column in columns)
        return Row(self.name, self.label, tuple(values), self.link)


def _published(printed: pd.Series) -> dict[str, Number]:
    protocol = printed["protocol_name"]
    place = frozenset({(printed["dataset_name"], protocol)})
    return {f"paper_{q}_{protocol}": Number(float(printed[q]), place) for q in ("psnr_db", "ssim")}


def _beside(printed: pd.Series, study: _Study) -> dict[str, Number]:
    """What stands beside a published number: nothing where its protocol is unknown."""
    protocol = printed["protocol_name"]
    measured = None if protocol == UNKNOWN else study.measured(printed["method_name"], protocol)
    if measured is None:
        return {}
    psnr, ssim = measured
    places = psnr.places | {(printed["dataset_name"], protocol)}
    difference = Number(less_printed(psnr.value, float(printed["psnr_db"])), places)
    return {f"psnr_db_{protocol}": psnr, f"ssim_{protocol}": ssim, f"difference_db_{protocol}": difference}


def less_printed(measured: Value, printed: float) -> Value:
    """Measured minus printed, taken as exact; NaN where nothing is printed or all frames equal the truth."""
    if not isinstance(measured, Interval) or math.isinf(measured.mean) or math.isnan(printed):
        return math.nan
    low, high = measured.low - printed, measured.high - printed
    return replace(measured, mean=measured.mean - printed, low=low, high=high, p=math.nan)


def _label(printed: pd.Series) -> str:
    method, name, year, source = (printed[column] for column in ("method", "method_name", "year", "source"))
    who = method if method.startswith(name) else f"{name}, there \u201c{method}\u201d"
    when = "" if str(year) in source else f", {year}"
    return f"{who}{when}; {source}{' (quoted)' * (printed['quoted'] == 'yes')}"


def _used_columns(context: Context, here: pd.DataFrame, lines: Sequence[_Line]) -> tuple[Column, ...]:
    """The columns of every protocol that something was published under, each found to be unmixed."""
    used = [protocol for protocol in (*protocols(), UNKNOWN) if protocol in set(here["protocol_name"])]
    columns = tuple(column for protocol in used for column in _columns(context, protocol))
    for column in columns:
        check_unmixed(column.key, [line.numbers[column.key] for line in lines if column.key in line.numbers])
    return columns


def _columns(context: Context, protocol: str) -> tuple[Column, ...]:
    source = f"Protocol {protocol}"
    printed = (
        Column(f"paper_psnr_db_{protocol}", source, "Published", "PSNR (dB)", 2, origin="published"),
        Column(f"paper_ssim_{protocol}", source, "Published", "SSIM", 3, origin="published"),
    )
    if protocol == UNKNOWN:
        return printed
    return (
        *printed,
        psnr_column(f"psnr_db_{protocol}", source, context.source, better="neither"),
        ssim_column(f"ssim_{protocol}", source, context.source, better="neither"),
        Column(
            f"difference_db_{protocol}",
            source,
            "Difference",
            "PSNR (dB)",
            2,
            interval=True,
            signed=True,
            origin="compared",
        ),
    )


def _caption(context: Context, published: pd.DataFrame) -> str:
    stem = context.dataset.split("-")[0]
    variants = published["dataset_name"].str.split("-").str[0].eq(stem) & (published["dataset_name"] != context.dataset)
    left_out = f" {variants.sum()} numbers on other or unstated variants of the data set are left out."
    return (
        f"Numbers that others printed for {context.dataset}, and those measured on {context.data}; each protocol has "
        "its own columns, and a difference is measured minus published. Each row names its source, quoted where that "
        "is not who measured. Where the protocol is unknown, the source does not say or mixes several: these numbers "
        f"compare with no others, not even with each other.{left_out * bool(variants.any())}"
    )


def _check(here: pd.DataFrame, labels: Mapping[str, str]) -> None:
    for name in here["protocol_name"]:
        if name not in protocols() and name != UNKNOWN:
            raise DataError(
                f"data/published: unknown protocol_name '{name}'; choose from {', '.join(protocols())}, {UNKNOWN}"
            )
    twice = here[here.duplicated([*_LINE, "protocol_name"])]
    if not twice.empty:
        raise DataError(
            f"data/published has two numbers for {_label(twice.iloc[0])}, with one year, source and protocol; tell "
            "them apart by their source"
        )
    if len(set(labels.values())) < len(labels):
        raise ParamsError(f"tables.published names a method twice: {', '.join(labels.values())}; name each once")
