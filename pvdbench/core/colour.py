"""Gray values as the authors' pixel volume takes them."""

from torch import Tensor

_GRAY = (0.2989, 0.5870, 0.1140)  # the authors' models/pixel_volume.py; MATLAB's rgb2gray


def gray(image: Tensor) -> Tensor:
    """Convert (B, 3, H, W) RGB to gray (B, 1, H, W), in the same range."""
    r, g, b = image.unbind(1)
    return (_GRAY[0] * r + _GRAY[1] * g + _GRAY[2] * b)[:, None]
