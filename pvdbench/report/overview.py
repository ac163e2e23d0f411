"""The study's question and its answer on one data set, in three sentences made from the tables' numbers."""

from pvdbench.analysis.intervals import Interval, clips_text
from pvdbench.analysis.published import INPUT
from pvdbench.tables.files import DatasetTables
from pvdbench.tables.table import Row, Table, decimal


def three_sentences(measured: DatasetTables) -> tuple[str, ...]:
    """The question, the winner with its gain over the input, and whether its lead over the next is one.

    Returns: nothing where deblurring was not ranked, fewer where there is one row or no input.
    """
    tables = {table.name: table for table in measured.tables}
    ranks, differences = tables.get("ranks-deblur"), tables.get("differences-deblur-all")
    if ranks is None or differences is None or not ranks.rows:
        return ()
    best = ranks.rows[0]
    return tuple(filter(None, (_question(measured, ranks), _winner(best, differences), _lead(ranks, differences))))


def _question(measured: DatasetTables, ranks: Table) -> str:
    ways = "one way" if len(ranks.rows) == 1 else f"{len(ranks.rows)} ways"
    return f"The question: which of {ways} to deblur comes closest to the sharp frames of {measured.data}?"


def _winner(best: Row, differences: Table) -> str:
    reached = f"{best.label} does, with {_with_bounds(best.values[0], signed=False)} under {differences.protocol}"
    gain = next((_difference(differences, best, row) for row in differences.rows if row.label == INPUT), None)
    if gain is None or best.label == INPUT:
        return f"{reached}."
    return f"{reached}, which is {_with_bounds(gain, signed=True)} more than its blurry input."


def _lead(ranks: Table, differences: Table) -> str:
    if len(ranks.rows) < 2:
        return ""
    best, second = ranks.rows[:2]
    lead = _difference(differences, best, second)
    if lead is None:
        return ""
    verdict = "the order of the two is open"
    if lead.sign > 0:
        verdict = "the lead is clear"
    elif lead.low <= 0:
        verdict = "the interval holds zero, so the order of the two is open"
    elif lead.low > 0:
        verdict = "with Holm's correction for all pairs of rows the order of the two is open"
    return f"Compared with the next row, {second.label}, that is {_with_bounds(lead, signed=True)}: {verdict}."


def _difference(differences: Table, row: Row, other: Row) -> Interval | None:
    """What a row gains over another, frame by frame."""
    place = [column.key for column in differences.columns].index(f"minus_{other.name}_db")
    value = next(line for line in differences.rows if line.name == row.name).values[place]
    return value if isinstance(value, Interval) else None


def _with_bounds(value: object, *, signed: bool) -> str:
    """A number in dB with its interval in words."""
    if not isinstance(value, Interval):
        return "no number"
    mean, low, high = (decimal(number, 2, signed=signed) for number in (value.mean, value.low, value.high))
    clips = clips_text(value.videos)
    if value.low != value.low:
        return f"{mean} dB (no interval, {clips})"
    return f"{mean} dB (95 % interval {low} to {high} over {clips})"
