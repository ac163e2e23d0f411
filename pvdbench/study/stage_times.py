"""How long stages take, as far as they ran here: what comes first, and how much time is left."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import mean

from pydantic import TypeAdapter, ValidationError

from pvdbench.io.atomic import replaced_file
from pvdbench.io.cost import Amount

_SECONDS = TypeAdapter(dict[str, Amount])
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
        self._expected, self._taken = 0.0, 0.0

    def expected(self, names: Iterable[str]) -> dict[str, float]:
        """Seconds of each stage: as measured, else the mean of its kind (train-deblur), else a guess."""
        kinds: dict[str, list[float]] = {}
        for name, seconds in self._measured.items():
            kinds.setdefault(_kind(name), []).append(seconds)
        return {name: self._measured.get(name, mean(kinds.get(_kind(name), [_UNKNOWN]))) for name in names}

    def measured(self, name: str) -> bool:
        """Whether a stage, or one of its kind, ran here before."""
        return any(_kind(name) == _kind(other) for other in self._measured)

    def add(self, name: str, seconds: float) -> None:
        """Take what a stage took, and keep it."""
        self._expected += self.expected([name])[name] if self.measured(name) else seconds
        self._taken += seconds
        self._measured[name] = round(seconds, 3)
        with replaced_file(self._file) as partial:
            partial.write_text(json.dumps(self._measured, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def left(self, chains: Mapping[str, float], seconds: Mapping[str, float], workers: int) -> float:
        """Seconds until all is done, at the rate of this run: by its longest chain, or by its sum over all workers.

        Args:
            chains, seconds: of each stage that is not done, what of it is left.
        """
        rate = self._taken / self._expected if self._expected else 1.0
        return rate * max(max(chains.values(), default=0.0), sum(seconds.values()) / max(1, workers))


def _kind(name: str) -> str:
    return name.rpartition(":")[2].partition("@")[0]
