import pytest
import torch
from safetensors.torch import save_file
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
    with pytest.raises(WeightsError, match=r"w\.safetensors: these are no safetensors with a pvdbench header"):
        load_weights(path)
    torch.save({"w": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="these are no safetensors"):
        load_weights(path)
    with pytest.raises(WeightsError, match="this weights file is not there"):
        load_weights(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, r"bias: the network has \(2,\), the file no such tensor"),
        ({"extra": torch.zeros(1)}, r"extra: the network has no such tensor, the file \(1,\)"),
        ({"weight": torch.zeros(2, 4)}, r"weight: the network has \(2, 3\), the file \(2, 4\)"),
    ],
)
def test_a_key_that_does_not_fit_is_named(tmp_path, change, message):
    tensors = {**nn.Linear(3, 2).state_dict(), **change}
    with pytest.raises(WeightsError, match=message):
        fill(nn.Linear(3, 2), {k: v for k, v in tensors.items() if v is not None}, tmp_path)


@pytest.mark.parametrize("header", ["[" * 100_000, "{", "\\ud800"])
def test_a_header_that_is_no_json_is_named(tmp_path, header):
    save_file({"w": torch.zeros(1)}, tmp_path / "w", {"pvdbench": header})
    with pytest.raises(
        WeightsError, match=r"these are no safetensors with a pvdbench header \(.*\); make or import"
    ) as error:
        load_weights(tmp_path / "w")
    assert len(str(error.value).replace(str(tmp_path), "")) <= 300
