"""Published checkpoints of competing methods (Tables 4 and 5), turned into weights files by the method's own rules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pvdbench.contract.trainable import Trainable
from pvdbench.core.weights import fill, save_weights
from pvdbench.deblur.checkpoints import read_checkpoint


def import_published(method: Trainable, options: Mapping[str, Any], source: Path, out: Path) -> dict[str, Any]:
    """Write a checkpoint of a method with a network of its own as a weights file.

    Args:
        options: of the network that the checkpoint is of.

    Returns: the header that was written.
    Raises:
        WeightsError: if the file is missing, damaged, holds more than tensors or is of another network; it names the
            first key that is missing, surplus or misshapen.
    """
    network = method.network(**options)
    fill(network, method.published(read_checkpoint(source)), source)
    header = method.header(options) | {"imported": source.name}
    save_weights(out, network.state_dict(), header)
    return header
