"""Reading PyTorch checkpoints that others published as tensors only: code in a pickle is refused, never run."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from pvdbench.core.errors import WeightsError

_WRAPPERS = ("state_dict", "params_ema", "params", "model", "G")  # under which training programs put the tensors


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a PyTorch checkpoint by name, without `module.` in front.

    Raises:
        WeightsError: if the file is missing, damaged, holds more than tensors or no named tensors.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such checkpoint; correct the path") from None
    except pickle.UnpicklingError as error:
        reason = str(error).split("WeightsUnpickler error: ")[-1].split(" Please ")[0].split("\n")[0][:120]
        raise WeightsError(f"{path}: this checkpoint holds more than tensors, which was not run ({reason}); ask its "
                           "authors for a state_dict") from error  # fmt: skip
    except Exception as error:  # a damaged file fails in as many ways as there are bytes
        reason = (str(error) or type(error).__name__).split("\n")[0][:120]
        raise WeightsError(f"{path}: cannot read this as a PyTorch checkpoint: {reason}; get it again") from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsError(f"{path}: this checkpoint is a {type(content).__name__}, not names and tensors; "
                           "save a state_dict")  # fmt: skip
    for name, value in content.items():
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():  # a few bytes may say they are many
            raise WeightsError(f"{path}: {str(name)[:80]}: the file holds less than this tensor's shape says; "
                               "get it again")  # fmt: skip
    return {str(name).removeprefix("module."): value for name, value in content.items()}
