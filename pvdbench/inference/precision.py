"""Convolutions in bfloat16 (PyTorch's autocast); float32 stays the reference of every published number."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from pvdbench.inference.files import open_source
from pvdbench.io.images import Frame, to_bytes
from pvdbench.methods.interface import Deblurrer, in_float, iter_frames

Precision = Literal["float32", "bfloat16"]


def in_precision(frames: Iterator[Tensor], precision: Precision) -> Iterator[Tensor]:
    """Have the convolutions and matrix products that make frames computed in a precision.

    A method that needs float32 somewhere, as coordinates do, switches autocast off there.
    """
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    while True:
        with torch.autocast(kind, torch.bfloat16, enabled=precision == "bfloat16"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def first_frames(
    method: Deblurrer, source: Path, precision: Precision, *, count: int, allow_damaged: bool
) -> list[Frame]:
    """Deblur the first frames of a source, (H, W, 3) uint8 each, to compare one precision with another.

    Args:
        method: loaded.
        source: as deblur_source takes it.

    Raises:
        DataError: if source cannot be read.
    """
    clip, _ = open_source(source, allow_damaged=allow_damaged)
    outputs = in_precision(iter_frames(method.deblur(clip)), precision)
    return [to_bytes(in_float(output).permute(1, 2, 0).numpy()) for output in islice(outputs, count)]


def is_fast(precision: Precision) -> bool:
    """Tell whether this machine computes in a precision itself; processors without bfloat16 are far slower in it."""
    if precision == "float32" or torch.cuda.is_available():
        return True
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
