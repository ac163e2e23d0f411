"""A camera's response, from light to bytes: a power, or a measured curve as Nah et al. (2017) used, Eq. (2) there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pvdbench.core.errors import DataError, ParamsError
from pvdbench.io.images import Frame
from pvdbench.io.tables import RESPONSE, read_table

_BYTES = 256


@dataclass(frozen=True)
class Response:
    """A camera's response: light[b] is the linear light, in [0, 1], of byte b; it never falls."""

    light: NDArray[np.float32]  # (256,)

    def to_linear(self, frame: Frame) -> NDArray[np.float32]:
        """Convert (H, W, 3) bytes to linear light."""
        return self.light[frame]

    def to_frame(self, light: NDArray[np.float32]) -> Frame:
        """Convert (H, W, 3) linear light to the nearest bytes along the curve."""
        values = np.interp(light, self.light, np.arange(_BYTES))
        return np.asarray(np.floor(values + 0.5), np.uint8)


def power_response(gamma: float) -> Response:
    """Make the response light = (byte / 255)^gamma; Nah et al. took 2.2 where the camera's curve was not known.

    Raises:
        ParamsError: if gamma is not positive and finite, or so extreme that two bytes have the same light.
    """
    with np.errstate(divide="ignore"):  # of a gamma below 0
        light = ((np.arange(_BYTES) / (_BYTES - 1)) ** gamma).astype(np.float32)
    if not np.all(np.diff(light) > 0):  # NaN is not, either
        raise ParamsError(f"gamma: {gamma} makes no curve that rises from byte to byte; take a number such as 2.2")
    return Response(light)


def read_response(path: Path) -> Response:
    """Read a curve from a CSV with the columns byte and light, 256 rows in order.

    Raises:
        DataError: if it is missing or damaged, or light is not rising within [0, 1].
    """
    table = read_table(path, RESPONSE)
    light = pd.to_numeric(table["light"], errors="coerce").to_numpy(np.float32)
    if table["byte"].tolist() != list(range(_BYTES)):
        raise DataError(
            f"{path}: it has {len(table)} rows, and must have one for each byte from 0 to 255, in order; complete it"
        )
    if not (np.all(np.diff(light) > 0) and light[0] >= 0 and light[-1] <= 1):
        raise DataError(f"{path}: light must rise with byte, from at least 0 to at most 1, and does not; scale or mend "
                        "it")  # fmt: skip
    return Response(light)
