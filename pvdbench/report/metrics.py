"""How the page prints each metric: name, unit, digits and which direction is better, all shipped to its scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ShownMetric:
    """One metric.

    Attributes:
        name: its column in score files.
        unit: empty where it has none.
        digits: after the decimal point.
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower"]
    digits: int

    @property
    def heading(self) -> str:
        """A column's heading, unit included."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


_ALL = (
    ShownMetric("psnr_db", "PSNR", "dB", "higher", 2),
    ShownMetric("ssim", "SSIM", "", "higher", 3),
    ShownMetric("epe_px", "Endpoint error", "px", "lower", 2),
    ShownMetric("epe_visible_px", "Endpoint error, visible", "px", "lower", 2),
)

METRICS: Mapping[str, ShownMetric] = {metric.name: metric for metric in _ALL}
