"""Optical flow on disk: Middlebury's .flo (Baker et al., IJCV 2011), float32 (x, y) in pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError

Flow = NDArray[np.float32]  # (H, W, 2), (x, y) in pixels
_MAGIC = b"PIEH"


def write_flow(path: Path, flow: Flow) -> None:
    """Write (H, W, 2) flow."""
    height, width, _ = flow.shape
    header = _MAGIC + np.array([width, height], "<i4").tobytes()
    path.write_bytes(header + np.ascontiguousarray(flow, dtype="<f4").tobytes())


def read_flow(path: Path) -> Flow:
    """Read (H, W, 2) float32 flow.

    Raises:
        DataError: if the file is missing, truncated or not a .flo.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: expected a flow file, found none; run the stage that makes it again") from None
    if data[:4] != _MAGIC or len(data) < 12:
        raise DataError(f"{path}: expected a .flo file that starts with PIEH, got {data[:4]!r}; make it again")
    width, height = (int(n) for n in np.frombuffer(data, "<i4", 2, offset=4))
    if len(data) != 12 + 8 * width * height:
        raise DataError(f"{path}: expected {12 + 8 * width * height} bytes for {width}x{height}, got {len(data)}; "
                        "make it again")  # fmt: skip
    return np.frombuffer(data, "<f4", offset=12).reshape(height, width, 2).astype(np.float32)
