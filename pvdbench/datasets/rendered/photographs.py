"""The photographs that the wheel of scikit-image holds: what the rendered clips of the sample film."""

from collections.abc import Callable, Mapping

import numpy as np
import skimage.data
from PIL import Image
from torch import Tensor, from_numpy

from pvdbench.datasets.params import Photograph
from pvdbench.io.images import Frame, to_bytes

_GAMMA = 2.2  # the camera response; Su et al. and Nah et al. average in linear light, too
_SHORT_SIDE = 300  # larger photographs are shrunk, so that a pixel of a clip is about a pixel of its photograph

LOADERS: Mapping[Photograph, Callable[[], np.ndarray]] = {
    "astronaut": skimage.data.astronaut,
    "brick": skimage.data.brick,
    "cameraman": skimage.data.camera,
    "cat": skimage.data.chelsea,
    "coffee": skimage.data.coffee,
    "grass": skimage.data.grass,
    "gravel": skimage.data.gravel,
    "hubble": skimage.data.hubble_deep_field,
    "motorcycle": lambda: skimage.data.stereo_motorcycle()[0],  # type: ignore[no-untyped-call]
    "page": skimage.data.page,
    "retina": skimage.data.retina,
    "rocket": skimage.data.rocket,
    "text": skimage.data.text,
    "tissue": skimage.data.immunohistochemistry,
}


def photograph(name: Photograph) -> Image.Image:
    """Load an RGB photograph, its short side at most 300 pixels."""
    image = Image.fromarray(LOADERS[name]()).convert("RGB")
    shrink = min(1.0, _SHORT_SIDE / min(image.size))
    return image.resize((round(image.width * shrink), round(image.height * shrink)), Image.Resampling.LANCZOS)


def to_linear(image: Image.Image) -> Tensor:
    """Convert a photograph to (3, H, W) float32 in [0, 1], linear light."""
    return from_numpy((np.asarray(image) / 255.0) ** _GAMMA).float().permute(2, 0, 1).contiguous()


def encode(linear: Tensor) -> Frame:
    """Convert (3, H, W) linear light to (H, W, 3) gamma-encoded bytes."""
    return to_bytes(linear.clamp(0, 1).pow(1 / _GAMMA).permute(1, 2, 0).numpy())
