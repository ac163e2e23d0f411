"""The frames that a protocol compares: read once, of one size, or refused by name."""

from pathlib import Path

from pvdbench.core.errors import DataError
from pvdbench.core.images import Frame, read_frame


def read_estimate(path: Path, truth: Frame, truth_path: Path) -> Frame:
    """Read the estimate of a frame.

    Raises:
        DataError: if it is missing, damaged or not of the truth's size.
    """
    estimate = read_frame(path)
    if estimate.shape != truth.shape:
        raise DataError(f"{path}: expected {truth.shape[1]}x{truth.shape[0]} as {truth_path}, got "
                        f"{estimate.shape[1]}x{estimate.shape[0]}; make it again")  # fmt: skip
    return estimate
