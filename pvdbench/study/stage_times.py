"""How long stages take, as far as they ran here: what comes first, and how much time is left."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pvdbench.io.atomic import replaced_file
from pvdbench.io.cost import Amount

_SECONDS = TypeAdapter(dict[str, Amount])
_FEWEST_SECONDS = 5.0  # between two writes
_UNKNOWN = 60.0  # seconds of a stage of which nothing is known; their ratio alone matters


class StageTimes:
    """Seconds per stage, as measured by the last run that ran it, kept beside what stages print."""

    def __init__(self, file: Path) -> None:
        """Read what was measured; a damaged file, or none, says nothing."""
        self._file = file
        try:
            self._measured = _SECONDS.validate_json(file.read_bytes())
        except (OSError, ValidationError):
            self._measured = {}
        self._kinds: dict[str, tuple[float, int]] = {}
        for name, seconds in self._measured.items():
            self._count(name, seconds)
        self._expected, self._taken, self._written = 0.0, 0.0, time.monotonic()

    def expected(self, names: Iterable[str]) -> dict[str, float]:
        """Seconds of each stage: as measured, else the mean of its kind (train-deblur), else a guess."""
        return {name: self._measured.get(name, self._mean(name)) for name in names}

    def measured(self, name: str) -> bool:
        """Whether a stage, or one of its kind, ran here before."""
        return _kind(name) in self._kinds

    def taken(self, name: str) -> float | None:
        """Seconds of a stage when it last ran here; None if it never did."""
        return self._measured.get(name)

    def add(self, name: str, seconds: float) -> None:
        """Take what a stage took."""
        self._expected += self.expected([name])[name] if self.measured(name) else seconds
        self._taken += seconds
        self._measured[name] = round(seconds, 3)
        self._count(name, seconds)
        if time.monotonic() - self._written > _FEWEST_SECONDS:
            self.write()

    def write(self) -> None:
        """Keep what was measured so far."""
        self._written = time.monotonic()
        with replaced_file(self._file) as partial:
            partial.write_text(json.dumps(self._measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def left(self, chains: Mapping[str, float], seconds: Mapping[str, float], workers: int) -> float:
        """Seconds until all is done, at the rate of this run: by its longest chain, or by its sum over all workers.

        Args:
            chains, seconds: of each stage that is not done, what of it is left.
        """
        rate = self._taken / self._expected if self._expected else 1.0
        return rate * max(max(chains.values(), default=0.0), sum(seconds.values()) / max(1, workers))

    def _count(self, name: str, seconds: float) -> None:
        total, count = self._kinds.get(_kind(name), (0.0, 0))
        self._kinds[_kind(name)] = total + seconds, count + 1

    def _mean(self, name: str) -> float:
        total, count = self._kinds.get(_kind(name), (_UNKNOWN, 1))
        return total / count


def stage_times(data: Path) -> StageTimes:
    """Read what the stages of a study took, in its folder `data`."""
    return StageTimes(data / "logs" / "stages" / "seconds.json")


def _kind(name: str) -> str:
    return name.rpartition(":")[2].partition("@")[0]
