"""The bench runs the method as a row does; its times are no tests."""

import pytest
import torch
from conftest import METHODS
from narrow import NARROW

from pvdbench.core.errors import MethodError
from pvdbench.inference.cost import frame_speed


def test_a_method_is_timed_on_its_own_network():
    where = {"size": (32, 16), "frames": 3, "device": torch.device("cpu")}
    speed = frame_speed(METHODS, "ifirnn", NARROW["ifirnn"], **where)
    wide = frame_speed(METHODS, "ifirnn", NARROW["ifirnn"] | {"channels": 8}, **where)
    assert speed.milliseconds > 0 and 3 < wide.parameters["deblur"] / speed.parameters["deblur"] < 4.1


def test_a_method_without_a_network_is_refused():
    with pytest.raises(MethodError, match="methods/input: this method has no network "):
        frame_speed(METHODS, "input", {}, size=(32, 16), frames=2, device=torch.device("cpu"))
