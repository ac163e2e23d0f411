"""The page's numbers as small scripts that a page on disk can load: statistics, scores per frame, training logs."""

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pvdbench.analysis.statistics import Means, ProtocolStatistics, is_ranked, places_by_group
from pvdbench.io.tables import TRAINING_LOG, read_table
from pvdbench.report.numbers import ProtocolScores, TaskNumbers, shown_metrics
from pvdbench.report.training_curve import running_mean

Kind = Literal["means", "differences", "scores", "training", "viewer", "images"]


@dataclass(frozen=True)
class Pack:
    """One script of numbers; the page asks for it by its key when it needs it.

    Attributes:
        kind: what it holds.
        of: data set, task and protocol, as far as it belongs to any.
    """

    kind: Kind
    of: tuple[str, ...]
    value: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What the page asks for."""
        return "/".join((self.kind, *self.of))

    @property
    def file(self) -> str:
        """Its path below reports/assets."""
        return f"data/{'.'.join((self.kind, *self.of))}.js"

    def script(self) -> str:
        """JavaScript that hands the value over: data alone, and no `<` that could end an element."""
        return f"pvdbench.receive({plain_json(self.key)}, {plain_json(self.value)});\n"


def number_packs(part: TaskNumbers, percents: Sequence[float], unranked: Collection[str] = ()) -> Iterator[Pack]:
    """Means of rows, differences of pairs of rows and scores per frame of every protocol.

    Args:
        unranked: rows that are upper bounds: they have no place, and take none away.
    """
    for protocol, scores in part.protocols.items():
        of = (part.dataset, part.task, protocol)
        statistics = part.statistics(protocol, percents)
        differences = {metric: statistics.differences(metric) for metric in scores.metrics}
        yield Pack("means", of, _means(part.rows, statistics, differences, unranked))
        yield Pack("differences", of, {"metrics": {metric: _pairs(means) for metric, means in differences.items()}})
        yield Pack("scores", of, _scores(scores))


def training_packs(study: Path) -> Iterator[Pack]:
    """The logs of data/training: steps of every network that was trained, and the running mean of its loss."""
    for task in ("motion", "deblur"):
        logs = {path.stem: read_table(path, TRAINING_LOG) for path in sorted(study.glob(f"data/training/{task}/*.csv"))}
        curves = {
            name: {"step": packed(log["step"]), "loss": packed(running_mean(log["loss"]))}
            for name, log in logs.items()
            if len(log)
        }
        yield Pack("training", (task,), curves)


def _means(
    rows: Sequence[str], statistics: ProtocolStatistics, differences: Mapping[str, Means], unranked: Collection[str]
) -> dict[str, Any]:
    """Every row over every group, and the places that the differences leave to it, if it is ranked."""
    metrics, shown = {}, shown_metrics()
    for metric, pairs in differences.items():
        lower = shown[metric].better == "lower"
        places = places_by_group(pairs, [row not in unranked for row in rows], lower_is_better=lower)
        metrics[metric] = {
            "means": [_numbers(statistics.means(metric))],
            "places": {
                group: [[first, last] if first else None for first, last in values.tolist()]
                for group, values in places.items()
            },
        }
    return {"counted": len(statistics.frames), "rows": list(rows), "metrics": metrics}


def _pairs(differences: Means) -> list[dict[str, Any]]:
    """What tables print in full, what plots draw in half the precision, as it is most of a report's numbers."""
    ranked, tenths, clips = (
        differences.of(name for name in differences.groups if chosen(name))
        for chosen in (is_ranked, lambda name: name.startswith("tenth-"), lambda name: name.startswith("clip-"))
    )
    return [_numbers(ranked), _numbers(tenths, "<f4"), _numbers(clips, "<f4")]


def _numbers(means: Means, dtype: Literal["<f8", "<f4"] = "<f8") -> dict[str, Any]:
    """Group after group: the mean of every column with its low and high, where any has these (one clip has none)."""
    bounded = not np.isnan(means.low).all()
    numbers = np.stack([means.mean, means.low, means.high] if bounded else [means.mean], axis=-1)
    return {
        "groups": list(means.groups),
        "width": numbers.shape[-1],
        "bytes": np.dtype(dtype).itemsize,
        "numbers": packed(numbers, dtype),
        "identical": packed(means.identical, "<u4") if means.identical.any() else None,
    }


def _scores(scores: ProtocolScores) -> dict[str, Any]:
    return {
        "counted": "".join("1" if flag else "0" for flag in scores.counted),
        "metrics": {
            metric: {str(row): packed(values[row]) for row in values} for metric, values in scores.metrics.items()
        },
    }


def packed(values: ArrayLike, dtype: str = "<f8") -> str:
    """Numbers as base64 of their bytes, nothing rounded."""
    return base64.b64encode(np.asarray(values, dtype).tobytes()).decode()


def plain_json(value: Any) -> str:
    """JSON that is safe inside a script element; a number that is not finite is refused."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
