"""Optical flow on disk: Middlebury's .flo (Baker et al., IJCV 2011), float32 (x, y) in pixels."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pvdbench.core.errors import DataError
from pvdbench.core.whole_file import read_bytes

Flow = NDArray[np.float32]  # (H, W, 2), (x, y) in pixels
_MAGIC = b"PIEH"
_LARGEST = 1 << 30  # bytes: 12K video has 80 million pixels
_HEADER = 12  # bytes: magic, width, height


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
        data = read_bytes(path, _LARGEST)
    except FileNotFoundError:
        raise DataError(f"{path}: this flow is not there; run the stage that makes it again") from None
    except OSError as error:
        raise DataError(f"{path}: this flow cannot be read ({error.strerror}); make it again") from error
    if data[:4] != _MAGIC or len(data) < _HEADER:
        raise DataError(f"{path}: this is no .flo file, which starts with PIEH; make it again")
    width, height = (int(n) for n in np.frombuffer(data, "<i4", 2, offset=4))
    if min(width, height) < 1 or len(data) != _HEADER + 8 * width * height:
        raise DataError(
            f"{path}: its header says {width}x{height}, which does not suit its {len(data)} bytes; make it again"
        )
    return np.frombuffer(data, "<f4", offset=_HEADER).reshape(height, width, 2).astype(np.float32)
