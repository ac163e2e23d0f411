"""Published checkpoints of competing methods (Tables 4 and 5), turned into weights files by the method's own rules."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pvdbench.contract.card import read_card
from pvdbench.contract.folder import load_trainable
from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.core.weights import fill, save_weights
from pvdbench.deblur.checkpoints import read_checkpoint


def import_published(methods: Path, name: str, given: Mapping[str, Any], source: Path, out: Path) -> dict[str, Any]:
    """Write a checkpoint of a method with a network of its own as a weights file.

    Args:
        methods: the folder of methods.
        given: options of the network, over those of method.yaml.

    Returns: the header that was written.
    Raises:
        MethodError: if there is no such method, or it has no network.
        ParamsError: if an option is unknown or of another type.
        WeightsError: if the file is missing, damaged, holds more than tensors or is of another network; it names the
            first key that is missing, surplus or misshapen.
    """
    options = read_card(methods, name).chosen(given, f"{name}: --option")
    method = load_trainable(methods, name)
    if method is None:
        raise MethodError(f"{methods / name}: expected a method with a network, got one without `training` in its "
                          "method.yaml; name another, or none for PVDNet and flow networks")  # fmt: skip
    network = method.network(**options)
    fill(network, method.published(read_checkpoint(source)), source)
    header = method.header(options) | {"imported": source.name}
    save_weights(out, network.state_dict(), header)
    return header


def parse_options(given: Iterable[str]) -> dict[str, Any]:
    """KEY=VALUE texts as options, values read as YAML reads them.

    Raises:
        ParamsError: if one has no KEY or no VALUE.
    """
    options = {}
    for text in given:
        key, _, value = text.partition("=")
        if not key or not value:
            raise ParamsError(f"--option: expected KEY=VALUE, got '{text}'; correct it")
        options[key] = yaml.safe_load(value)
    return options
