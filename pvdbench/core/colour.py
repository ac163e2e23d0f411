"""Gray values: as the authors' pixel volume takes them, and as scikit-image does."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # so that commands which need no network do not wait for PyTorch
    from torch import Tensor

_GRAY = (0.2989, 0.5870, 0.1140)  # the authors' models/pixel_volume.py; MATLAB's rgb2gray
_BT_709 = (0.2125, 0.7154, 0.0721)  # scikit-image's rgb2gray


def gray(image: "Tensor") -> "Tensor":
    """Convert (B, 3, H, W) RGB to gray (B, 1, H, W), in the same range."""
    r, g, b = image.unbind(1)
    return (_GRAY[0] * r + _GRAY[1] * g + _GRAY[2] * b)[:, None]


def gray_709(image: NDArray[np.floating]) -> NDArray[np.floating]:
    """Convert (H, W, 3) RGB to gray (H, W), in the same range and type.

    scikit-image's rgb2gray is a matrix product, whose last bit is another one on each processor; this sum is not.
    """
    red, green, blue = (image.dtype.type(weight) for weight in _BT_709)
    return np.asarray(image[..., 0] * red + image[..., 1] * green + image[..., 2] * blue)
