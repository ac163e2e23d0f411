"""Loading a method by path: the one door for ours and for competing methods."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from pvdbench.contract.card import MethodCard, Task, read_card
from pvdbench.contract.command import CommandMethod
from pvdbench.contract.given import given_weights
from pvdbench.contract.method import Deblurrer, Loadable, MotionEstimator
from pvdbench.contract.precomputed import PrecomputedFrames
from pvdbench.contract.trainable import State, Trainable
from pvdbench.core.errors import MethodError, WeightsError


def load_deblurrer(methods: Path, name: str) -> Deblurrer:
    """A fresh, not yet loaded deblurrer from methods/NAME.

    Raises:
        MethodError: if the method is not there, does not import or is no deblurrer.
    """
    card = _card(methods, name, "deblur")
    if card.kind == "command":
        return CommandMethod(methods / name, card)
    if card.frames is not None:
        return PrecomputedFrames(methods / name, card.frames)
    method = _import(methods / name / card.adapter, name)
    if not isinstance(method, Deblurrer):
        raise MethodError(_breaks(methods / name / card.adapter, "load, parameters and deblur"))
    return method


def load_motion_estimator(methods: Path, name: str) -> MotionEstimator:
    """A fresh, not yet loaded motion estimator from methods/NAME.

    Raises:
        MethodError: if the method is not there, does not import or is no motion estimator.
    """
    adapter = methods / name / _card(methods, name, "motion").adapter
    method = _import(adapter, name)
    if not isinstance(method, MotionEstimator):
        raise MethodError(_breaks(adapter, "load, parameters and flow"))
    return method


def get_ready(
    method: Loadable, methods: Path, name: str, device: torch.device, *,
    trained: Path | None = None, given: Path | None = None, options: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Load a method's weights with its options; not timed.

    Args:
        method: as load_deblurrer or load_motion_estimator made it.
        options: those of its card, if none are given.
        trained: the file that a row's training wrote.
        given: the user's file, in place of the one that the card names or that training writes.

    Raises:
        WeightsError: if weights are not here, damaged or of another network.
    """
    card = read_card(methods, name)
    instead = {} if trained is None else {"network": trained}
    if given is not None:
        instead |= {next(iter(card.weights), "network"): given}
    weights = given_weights(methods / name, card, instead)
    try:
        method.load(weights, device, **(card.options if options is None else options))
    except KeyError as error:
        if error.args != ("network",) or "network" in weights:
            raise
        raise WeightsError(f"{name}: expected a file of weights, got none; give one with --weights") from None


def load_trainable(methods: Path, name: str) -> Trainable | None:
    """What methods/NAME/network.py offers the training loop; None for a method whose card has no `training`.

    Raises:
        MethodError: if the method is not there or does not import, or its network.py lacks network or unroll.
    """
    card = read_card(methods, name)
    if card.training is None:
        return None
    _import(methods / name / card.adapter, name)
    try:
        module = importlib.import_module(f"{_module_name(name)}.network")
        same: Callable[[State], State] = dict
        return Trainable(name, module.network, module.unroll, getattr(module, "published", same))
    except Exception as error:
        raise MethodError(f"{methods / name / 'network.py'}: expected functions network and unroll, got "
                          f"{type(error).__name__}: {error}; see docs/adding-a-method.md") from error  # fmt: skip


def _module_name(name: str) -> str:
    return f"pvdbench_method_{name.replace('-', '_')}"


def _card(methods: Path, name: str, task: Task) -> MethodCard:
    card = read_card(methods, name)
    if card.task != task:
        raise MethodError(f"{methods / name}: expected a method for '{task}', got one for '{card.task}'; "
                          "name another method in params.yaml")  # fmt: skip
    return card


def _breaks(adapter: Path, parts: str) -> str:
    return f"{adapter}: expected a class Method with {parts}; see docs/adding-a-method.md"


def _import(adapter: Path, name: str) -> object:
    if not adapter.is_file():
        raise MethodError(f"{adapter}: expected the method's code, found no file; see docs/adding-a-method.md")
    module_name = _module_name(name)
    spec = importlib.util.spec_from_file_location(
        module_name, adapter, submodule_search_locations=[str(adapter.parent)]
    )
    assert spec is not None and spec.loader is not None  # a .py path always has a loader
    module = importlib.util.module_from_spec(spec)
    for part in [part for part in sys.modules if part.startswith(f"{module_name}.")]:
        del sys.modules[part]  # another folder of methods may hold one of this name
    sys.modules[module_name] = module  # so that an adapter can import its network.py: from .network import Network
    try:
        spec.loader.exec_module(module)
        return module.Method()
    except Exception as error:
        raise MethodError(f"{adapter}: expected a class Method that needs no arguments, got "
                          f"{type(error).__name__}: {error}; mend the adapter") from error  # fmt: skip
