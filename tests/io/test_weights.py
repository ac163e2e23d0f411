import pytest
import torch
from torch import nn

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import fill, load_weights, save_weights


def test_tensors_and_header_come_back_and_equal_inputs_give_equal_bytes(tmp_path):
    for name in ("a", "b"):
        save_weights(tmp_path / name, {"w": torch.arange(6.0).view(2, 3)}, {"seed": 3, "steps": 7})
    tensors, header = load_weights(tmp_path / "a")
    assert tensors["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert header == {"seed": 3, "steps": 7}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_truncated_foreign_and_missing_files_are_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(path, {"w": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(WeightsError, match=r"w\.safetensors: expected safetensors with a pvdbench header"):
        load_weights(path)
    torch.save({"w": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="expected safetensors"):
        load_weights(path)
    with pytest.raises(WeightsError, match="expected a weights file, found none"):
        load_weights(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, r"bias: expected \(2,\), got no such key"),
        ({"extra": torch.zeros(1)}, r"extra: expected no such key, got \(1,\)"),
        ({"weight": torch.zeros(2, 4)}, r"weight: expected \(2, 3\), got \(2, 4\)"),
    ],
)
def test_a_key_that_does_not_fit_is_named(tmp_path, change, message):
    tensors = {**nn.Linear(3, 2).state_dict(), **change}
    with pytest.raises(WeightsError, match=message):
        fill(nn.Linear(3, 2), {k: v for k, v in tensors.items() if v is not None}, tmp_path)
