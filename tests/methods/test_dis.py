"""methods/dis: OpenCV's axes and direction are ours."""

import numpy as np
import pytest
import torch
from conftest import METHODS
from fake_method import CARD

from pvdbench.core.errors import MethodError
from pvdbench.methods.loading import get_ready, load_motion_estimator

CPU = torch.device("cpu")


def ready(place, name="dis"):
    method = load_motion_estimator(place, name)
    get_ready(method, place, name, CPU)
    return method


@pytest.mark.parametrize("shift", [(2, 1), (-3, 0), (0, -2)])
def test_it_follows_the_convention_of_direction_and_axes(shift):
    from scipy.ndimage import gaussian_filter

    x, y = shift
    texture = torch.from_numpy(gaussian_filter(np.random.default_rng(0).random((112, 112)), 1.5) * 2.5).float()
    texture = texture.clamp(0, 1)
    target = texture[8:104, 8:104].expand(3, -1, -1)
    source = texture[8 - y : 104 - y, 8 - x : 104 - x].expand(3, -1, -1)  # target(p) = source(p + shift)
    inner = ready(METHODS).flow(target, source)[:, 16:-16, 16:-16]
    np.testing.assert_allclose(inner.mean((1, 2)).numpy(), shift, atol=0.15)


def test_a_preset_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "x").mkdir()
    card = CARD.replace("deblur", "motion") + f"adapter: {METHODS}/dis/adapter.py\noptions: {{preset: slow}}\n"
    (tmp_path / "x" / "method.yaml").write_text(card)
    with pytest.raises(MethodError, match="unknown preset 'slow'; choose from ultrafast, fast, medium"):
        ready(tmp_path, "x")
