"""Load a method: its adapter, its network, its weights and its options."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from pvdbench.core.errors import MethodError, WeightsError, shorten
from pvdbench.methods.card import MethodCard, Task, locate_weights, read_card
from pvdbench.methods.command import CommandMethod
from pvdbench.methods.faults import method_faults
from pvdbench.methods.interface import Deblurrer, Loadable, MotionEstimator, State, Trainable
from pvdbench.methods.precomputed import PrecomputedFrames

_MESSAGE = 150  # characters of a foreign error message


def load_deblurrer(methods: Path, name: str) -> Deblurrer:
    """Make a deblurrer from methods/NAME; its weights are not loaded yet.

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
        raise MethodError(_incomplete(methods / name / card.adapter, "load, parameters and deblur"))
    return method


def load_motion_estimator(methods: Path, name: str) -> MotionEstimator:
    """Make a motion estimator from methods/NAME; its weights are not loaded yet.

    Raises:
        MethodError: if the method is not there, does not import or is no motion estimator.
    """
    adapter = methods / name / _card(methods, name, "motion").adapter
    method = _import(adapter, name)
    if not isinstance(method, MotionEstimator):
        raise MethodError(_incomplete(adapter, "load, parameters and flow"))
    return method


def get_ready(
    method: Loadable, methods: Path, name: str, device: torch.device, *,
    trained: Path | None = None, given: Path | None = None, options: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Load a method's weights with its options; not timed.

    Args:
        method: as load_deblurrer or load_motion_estimator made it.
        trained: the file that a row's training wrote.
        given: the user's file, in place of the one that the card names or that training writes.
        options: those of its card, if None.

    Raises:
        WeightsError: if weights are missing, damaged or of another network.
        MethodError: if the class says that it is an upper bound and its card does not.
    """
    card = read_card(methods, name)
    weights = find_weights(methods, name, trained=trained, given=given)
    load_with(method, name, device, weights, card.options if options is None else options)
    is_upper_bound(card, name, method)


def find_weights(
    methods: Path, name: str, *, trained: Path | None = None, given: Path | None = None
) -> dict[str, Path]:
    """Map the names of a method's weights to their files; arguments as for get_ready.

    Raises:
        WeightsError: if a file of the card is missing or has another SHA-256, or cannot be read.
    """
    card = read_card(methods, name)
    overrides = {} if trained is None else {"network": trained}
    if given is not None:
        overrides |= {next(iter(card.weights), "network"): given}
    return locate_weights(methods / name, card, overrides)


def load_with(
    method: Loadable, name: str, device: torch.device, weights: Mapping[str, Path], options: Mapping[str, Any]
) -> None:
    """Load a method with these files and options.

    Raises:
        WeightsError: if weights are missing, damaged or of another network.
        MethodError: if it raises anything else.
    """
    try:
        with method_faults(method):
            method.load(weights, device, **options)
    except MethodError as error:
        if getattr(error.__cause__, "args", ()) != ("network",) or "network" in weights:
            raise
        raise WeightsError(f"{name}: this method needs a file of weights; give one with --weights") from None


def is_upper_bound(card: MethodCard, name: str, method: Loadable) -> bool:
    """Tell whether a loaded method may see the truth: its card decides, or its weights where the card says so.

    Raises:
        MethodError: if the class says that it is an upper bound and its card does not.
    """
    claimed = bool(getattr(method, "upper_bound", False))
    if claimed and not card.upper_bound:
        raise MethodError(f"{name}: its class sets upper_bound and its card does not, so that no table would mark it; "
                          "add `upper_bound: true` to method.yaml")  # fmt: skip
    return card.upper_bound is True or claimed


def load_trainable(methods: Path, name: str) -> Trainable | None:
    """Load what methods/NAME/network.py offers the training loop; None for a method whose card has no `training`.

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
        raise MethodError(_broken(methods / name / "network.py", error, "functions network and unroll")) from error


def _module_name(name: str) -> str:
    return f"pvdbench_method_{name.replace('-', '_')}"


def _card(methods: Path, name: str, task: Task) -> MethodCard:
    card = read_card(methods, name)
    if card.task != task:
        raise MethodError(f"{methods / name}: this method is for '{card.task}', not for '{task}'; name another")
    return card


def _incomplete(adapter: Path, parts: str) -> str:
    return f"{adapter}: its class Method lacks one of {parts}; see docs/adding-a-method.md"


def _broken(path: Path, error: BaseException, needed: str) -> str:
    said = shorten(error, _MESSAGE)
    return f"{path}: it must offer {needed}, and loading it raised {type(error).__name__}: {said}; mend it"


def _import(adapter: Path, name: str) -> object:
    if not adapter.is_file():
        raise MethodError(f"{adapter}: the method's code is not there; see docs/adding-a-method.md")
    module_name = _module_name(name)
    spec = importlib.util.spec_from_file_location(
        module_name, adapter, submodule_search_locations=[str(adapter.parent)]
    )
    assert spec is not None and spec.loader is not None  # a .py path always has a loader
    module = importlib.util.module_from_spec(spec)
    for part in [part for part in sys.modules if part.startswith(f"{module_name}.")]:
        del sys.modules[part]  # another folder of methods may hold one of this name
    sys.modules[module_name] = module  # so that an adapter can import its network.py: from .network import Network
    place = Path.cwd()
    try:
        spec.loader.exec_module(module)
        return module.Method()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also an exit, as of a program that reads its arguments when it is imported
        raise MethodError(_broken(adapter, error, "a class Method that needs no arguments")) from error
    finally:
        os.chdir(place)  # to which a user's own paths are relative
