import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.datasets.rendered.scene import shaky_path

TIMES = np.arange(24 * 16) / 16


@given(seed=st.integers(0, 10_000), speed=st.floats(0.5, 10), bursts=st.floats(0, 5))
def test_a_path_is_smooth_stays_around_the_origin_and_has_the_speed_asked_for(seed, speed, bursts):
    path = shaky_path(np.random.default_rng(seed), TIMES, speed, bursts)
    velocity = np.diff(path.position, axis=0) * 16
    assert np.sqrt((velocity**2).sum(1).mean()) == pytest.approx(speed, rel=0.1)
    np.testing.assert_allclose(path.position.mean(0), 0, atol=1e-9)
    # no jump from one sub-frame to the next, within a frame or between two: the frames follow each other without gap
    assert np.abs(np.diff(velocity, axis=0)).max() < 0.25 * np.abs(velocity).max()
    assert len(path.angle) == len(path.zoom) == len(TIMES)


def test_of_speed_zero_everything_rests():
    path = shaky_path(np.random.default_rng(0), TIMES, 0.0, 3.0)
    assert not path.position.any() and not path.angle.any() and not path.zoom.any()


def test_the_camera_also_turns_and_zooms():
    path = shaky_path(np.random.default_rng(0), TIMES, 4.0, 3.0)
    assert np.ptp(path.angle) > 0.01 and np.ptp(path.zoom) > 0.005
