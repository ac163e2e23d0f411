"""A network as a weights file describes it: built from the file's header, filled with its tensors."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import check_shapes, fill

Network = TypeVar("Network", bound=nn.Module)


def network_from_weights(
    build: Callable[[], Network], tensors: Mapping[str, Tensor], path: Path, *,
    named: Callable[[str], str] = str, prefix: str = "",
) -> Network:  # fmt: skip
    """Build the network that a weights file's header describes, and fill it.

    Shapes are compared before memory is asked for: a header of a few bytes may describe a network of any size.

    Args:
        build: from the header to the untrained network.
        path: of the weights file, for messages.
        named: from the network's own name of a tensor to that in tensors.
        prefix: what the file puts before the names in tensors, for messages.

    Raises:
        WeightsError: if the header describes no network, or one of other shapes than the tensors'.
    """
    check_shapes(described(build, path), tensors, path, named=named, prefix=prefix)
    network = build()
    fill(network, tensors, path, named=named, prefix=prefix)
    return network


def described(build: Callable[[], nn.Module], path: Path) -> nn.Module:
    """Build the network that a weights file's header describes, on tensors without values.

    Raises:
        WeightsError: if the header describes none.
    """
    try:
        with torch.device("meta"):
            return build()
    except Exception as error:  # a header may say anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:100]
        raise WeightsError(f"{path}: its header describes no network that can be built ({reason}); make or import the "
                           "file again") from error  # fmt: skip
