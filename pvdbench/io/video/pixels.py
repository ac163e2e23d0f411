"""From a decoded frame to upright RGB: colours by their tags, and the turn that the file asks for."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import av
import numpy as np
from av.buffer import Buffer
from av.video.reformatter import Interpolation

from pvdbench.core.errors import DataError
from pvdbench.io.images import Frame

BT709, UNTAGGED, BT601, RGB, BT2020 = 1, 2, 6, 0, 9
LIMITED, FULL = 1, 2
"""Numbers of ITU-T H.273, as FFmpeg uses them."""
_MATRICES = {1, 4, 5, 6, 7, BT2020}  # that FFmpeg's scaler knows
_NO_MATRIX = {RGB, UNTAGGED, 3}  # of a picture that has one nevertheless
_HDR = {16: "PQ", 18: "HLG"}
_HD = (1280, 576)  # longer side from the first, or shorter one above the second
_FINE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without the last one a grey of 128 comes out as 126."""
_BITS = 8
_ONE = 1 << 16  # of the display matrix, 16.16 fixed point


def colour_system(width: int, height: int) -> int:
    """Choose the colours of a video that does not say: BT.709 for HD (from 1280 or above 576 rows), BT.601 below."""
    return BT709 if max(width, height) >= _HD[0] or min(width, height) > _HD[1] else BT601


@dataclass(frozen=True)
class Colours:
    """Primaries and transfer function, numbers of H.273."""

    primaries: int
    transfer: int


def colours_of(frame: av.VideoFrame) -> Colours:
    """Read the tags of a frame; what is not tagged is as its size has it."""
    system = colour_system(frame.width, frame.height)
    tags = (int(frame.color_primaries), int(frame.color_trc))
    primaries, transfer = (system if tag in (0, UNTAGGED) else tag for tag in tags)
    return Colours(primaries, transfer)


def to_rgb(frame: av.VideoFrame, where: str) -> Frame:
    """Convert a decoded frame to (H, W, 3) RGB bytes, by its matrix and range, upright.

    Raises:
        DataError: if its colours are coded in a way that cannot be converted.
    """
    tag = int(frame.colorspace)
    matrix = colour_system(frame.width, frame.height) if tag in _NO_MATRIX else tag
    if matrix not in _MATRICES and not frame.format.is_rgb:
        raise DataError(f"{where}: its colours are coded as number {tag} of H.273, which cannot be read; convert it "
                        "to BT.709")  # fmt: skip
    how = {} if frame.format.is_rgb else {"src_colorspace": 5 if matrix == BT601 else matrix}
    pixels = frame.reformat(format="rgb24", interpolation=_FINE, **how).to_ndarray()
    return upright(np.asarray(pixels, np.uint8), turn(frame))


def turn(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Read the display matrix: where the columns and rows of the stored frame go; (1, 0, 0, 1) if they stay."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, Buffer):
        return 1, 0, 0, 1
    numbers = struct.unpack("<9i", bytes(data)[:36])
    a, b, c, d = (round(numbers[i] / _ONE) for i in (0, 1, 3, 4))
    return a, b, c, d


def right_angled(matrix: tuple[int, int, int, int]) -> bool:
    """Tell whether a display matrix turns by quarters or mirrors, so that it can be applied without loss."""
    a, b, c, d = map(abs, matrix)
    return (a, d, b, c) in ((1, 1, 0, 0), (0, 0, 1, 1))


def swaps_sides(matrix: tuple[int, int, int, int]) -> bool:
    """Tell whether width and height change places."""
    return right_angled(matrix) and matrix[0] == 0


def upright(frame: Frame, matrix: tuple[int, int, int, int]) -> Frame:
    """Turn and mirror a frame as its display matrix says: stored (x, y) is shown at (a x + c y, b x + d y)."""
    if not right_angled(matrix):
        return frame
    a, b, c, d = matrix
    if a == 0:
        frame, across, down = frame.transpose(1, 0, 2), c, b
    else:
        across, down = a, d
    return np.ascontiguousarray(frame[:: 1 if down > 0 else -1, :: 1 if across > 0 else -1])


def losses(frame: av.VideoFrame, beside: Mapping[str, str]) -> list[str]:
    """Say what of a film is not kept or not understood when its frames become 8-bit RGB.

    Args:
        beside: what the file says of the film; WebM keeps transparency apart from the frames.
    """
    said = []
    if (transfer := _HDR.get(int(frame.color_trc))) is not None:
        said.append(f"HDR ({transfer}) is read as it is coded, without tone mapping")
    elif BT2020 in (int(frame.colorspace), int(frame.color_primaries)):
        said.append("BT.2020 colours stay in their wide gamut")
    if max((component.bits for component in frame.format.components), default=_BITS) > _BITS:
        said.append("its frames have more than 8 bits and are read at 8")
    apart = any(key.lower() == "alpha_mode" and value == "1" for key, value in beside.items())
    if apart or any(component.is_alpha for component in frame.format.components):
        said.append("its transparency is left out")
    if frame.interlaced_frame:
        said.append("it is interlaced: every frame shows two moments, deinterlace it first")
    if not right_angled(turn(frame)):
        said.append("it asks for a turn by no right angle, which is left out")
    return said
