"""What is wrong with a protocol that another package registers, or with the values that it gives for a frame."""

import math
import re
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import get_args

from pvdbench.io.tables import SCORE_KEYS
from pvdbench.scoring.protocol import Better, Metric, Protocol, Task

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,59}")  # suits a column, a file's name and a command line
_TAKEN = (*SCORE_KEYS, "blurriness_db", "all", "sharpest", "blurriest", "quantile", "tenth")
"""Columns that stand beside those of metrics, in score files and in the tables that are made from them."""


def protocol_fault(protocol: object) -> str:
    """Say what keeps an object from being a protocol; empty where nothing does."""
    if not isinstance(protocol, Protocol):
        return f"it is a {type(protocol).__name__}, no Protocol"
    if not _is_name(protocol.name) or protocol.name == "all":
        return f"{protocol.name!r} cannot be a protocol's name; choose letters, digits and hyphens"
    if not callable(protocol.score) or not callable(protocol.counts) or not callable(protocol.informs):
        return f"score, counts and informs of '{protocol.name}' must be functions"
    if not protocol.tasks or not set(protocol.tasks) <= set(get_args(Task)):
        return f"tasks of '{protocol.name}' must be of {' and '.join(get_args(Task))}"
    return _counts_fault(protocol) or _metrics_fault(protocol.name, protocol.metrics)


def _counts_fault(protocol: Protocol) -> str:
    try:
        protocol.counted(1)
    except Exception as error:
        return f"counts of '{protocol.name}' raised {type(error).__name__} for a clip's first frame"
    return ""


def _metrics_fault(protocol: str, metrics: object) -> str:
    """The fault of a protocol's metrics; they may be no metrics at all."""
    if not isinstance(metrics, tuple) or not metrics:
        return f"metrics of '{protocol}' must be a tuple of at least one Metric"
    for metric in metrics:
        if fault := _metric_fault(metric):
            return fault
    twice = len({metric.name for metric in metrics}) < len(metrics)
    return f"two metrics of '{protocol}' have one name" if twice else ""


def _metric_fault(metric: object) -> str:
    if not isinstance(metric, Metric):
        return f"among its metrics is a {type(metric).__name__}, no Metric"
    if not _is_name(metric.name) or metric.name in _TAKEN:
        return f"a metric cannot be called {metric.name!r}; choose letters, digits and _ that are no other column"
    if metric.better not in get_args(Better):
        return f"better of '{metric.name}' must be one of {', '.join(get_args(Better))}"
    if not all(isinstance(count, int) and 0 <= count <= 15 for count in (metric.digits, metric.decimals)):
        return f"digits and decimals of '{metric.name}' must be from 0 to 15"
    return ""


def scores_fault(protocol: Protocol, scores: object) -> str:
    """Say what keeps an object from being a protocol's scores of one frame; empty where nothing does."""
    if not isinstance(scores, Mapping):
        return f"it is a {type(scores).__name__}, no dictionary of metrics"
    if not scores:  # the protocol does not apply to the frame
        return ""
    known = {metric.name for metric in protocol.metrics}
    if others := [name for name in scores if name not in known]:
        return f"{others[0]!r} is none of its metrics"
    faults = (_value_fault(metric, scores.get(metric.name, math.nan)) for metric in protocol.metrics)
    return next(filter(None, faults), "")


def _value_fault(metric: Metric, value: object) -> str:
    if not isinstance(value, Real):
        return f"{metric.name} is a {type(value).__name__}, no number"
    number = round(float(value), metric.decimals)  # as the score file has it
    if math.isnan(number):
        return "" if metric.optional else f"{metric.name} is NaN, and its Metric does not say optional=True"
    if math.isinf(number) and not (number > 0 and metric.infinite):
        return f"{metric.name} is {number:g}, and its Metric does not say infinite=True"
    if not metric.lowest <= number <= metric.highest:
        return f"{metric.name} is {number:g}, outside {metric.lowest:g} to {metric.highest:g}"
    return ""


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def as_protocols(value: object) -> Sequence[object]:
    """What an entry point names: one protocol, or a tuple or list of them."""
    return value if isinstance(value, tuple | list) else (value,)
