"""Read and write weights: safetensors with a JSON header that says what made them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from pvdbench.core.errors import WeightsError, shorten
from pvdbench.io.atomic import replaced_file

if TYPE_CHECKING:  # PyTorch is imported where tensors are, so that commands which need none do not wait for it
    from torch import Tensor, nn


def save_weights(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors and what made them; equal inputs give equal bytes, nothing but this file changes.

    Raises:
        WriteError: if the disk is full or the folder cannot be written.
    """
    from safetensors.torch import save_file

    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replaced_file(path) as partial:
        try:
            save_file(whole, partial, {"pvdbench": json.dumps(header, sort_keys=True)})
        except SafetensorError as error:  # it wraps the operating system's error
            raise OSError(str(error)) from error


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the tensors and the header of a file that save_weights wrote.

    Raises:
        WeightsError: if the file is missing, truncated or was not made by pvdbench.
    """
    from safetensors.torch import load_file

    with _reading(path):
        return load_file(path), read_header(path)


def read_header(path: Path) -> dict[str, Any]:
    """Read the header of a file that save_weights wrote, and no tensor.

    Raises:
        WeightsError: if the file is missing, truncated or was not made by pvdbench.
    """
    with _reading(path), safe_open(path, framework="np") as file:
        return dict(json.loads((file.metadata() or {})["pvdbench"]))


def require_safetensors(path: Path) -> None:
    """Refuse a file that is no safetensors, or not a whole one, whoever wrote it.

    Raises:
        WeightsError: naming it.
    """
    try:
        with safe_open(path, framework="np"):
            pass
    except Exception as error:  # as _reading
        raise WeightsError(f"{path}: these are no safetensors, or not all of them ({shorten(error, 60)}); get or make "
                           "the weights again") from error  # fmt: skip


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    if not path.is_file():
        raise WeightsError(f"{path}: this weights file is not there; correct the path, or run the training stage that "
                           "makes it")  # fmt: skip
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:  # a damaged file fails in as many ways as there are bytes
        raise WeightsError(f"{path}: these are no safetensors with a pvdbench header ({shorten(error, 60)}); make or "
                           "import the weights again (`pvdbench weights import`)") from error  # fmt: skip


def is_imported(path: Path) -> bool:
    """Tell whether a file is weights that were imported, not trained, and so can be made again at once."""
    try:
        _, header = load_weights(path)
    except WeightsError:
        return False
    return "imported" in header


def fill(
    network: nn.Module, tensors: Mapping[str, Tensor], path: Path, *,
    named: Callable[[str], str] = str, prefix: str = "",
) -> None:  # fmt: skip
    """Copy tensors into network, every key and shape matching.

    Args:
        named: from the network's own name of a tensor to that in tensors.
        prefix: what the file puts before the names in tensors, for messages.

    Raises:
        WeightsError: naming the first key that is missing, surplus, misshapen or of whole numbers.
    """
    check_shapes(network, tensors, path, named=named, prefix=prefix)
    network.load_state_dict({name: tensors[named(name)] for name in network.state_dict()})


def check_shapes(
    network: nn.Module, tensors: Mapping[str, Tensor], path: Path, *,
    named: Callable[[str], str] = str, prefix: str = "",
) -> None:  # fmt: skip
    """Compare the keys and shapes of tensors with a network's, which may be on the device `meta`.

    Args:
        named: from the network's own name of a tensor to that in tensors.
        prefix: what the file puts before the names in tensors, for messages.

    Raises:
        WeightsError: naming the first key that is missing, surplus, misshapen or of whole numbers.
    """
    own = {named(name): value for name, value in network.state_dict().items()}
    for name in sorted(set(own) | set(tensors)):
        ours = tuple(own[name].shape) if name in own else "no such tensor"
        theirs = tuple(tensors[name].shape) if name in tensors else "no such tensor"
        if ours != theirs:
            raise WeightsError(f"{path}: {shorten(prefix + name)}: the network has {ours}, the file {theirs}; use the "
                               "weights of this network")  # fmt: skip
        if own[name].is_floating_point() and not tensors[name].is_floating_point():
            raise WeightsError(f"{path}: {shorten(prefix + name)}: the file holds {tensors[name].dtype}, which are no "
                               "weights without a scale; use weights in floating point")  # fmt: skip
