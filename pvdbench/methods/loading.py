"""Loading a method: its folder, its adapter, its weights and its options."""

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any

import torch

from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.methods.card import NAME, MethodCard, Task, method_names, read_card
from pvdbench.methods.command import CommandMethod
from pvdbench.methods.interface import Deblurrer, Loadable, MotionEstimator, State, Trainable
from pvdbench.methods.precomputed import PrecomputedFrames

_WILD = re.compile(r"{[^}]*}")


def check_places(places: Sequence[Path]) -> None:
    """Look at folders of methods before anything runs.

    Raises:
        MethodError: if one is no folder of methods, or a name is no valid one or there twice.
    """
    seen: dict[str, Path] = {}
    for place in places:
        if not (names := method_names(place)):
            raise MethodError(f"{place}: expected a folder of methods, NAME/method.yaml in it, found none; correct "
                              "`methods` in params.yaml")  # fmt: skip
        for name in names:
            check_name(name)
            if name in seen:
                raise MethodError(f"{place / name}: expected a name that no other method has, got that of "
                                  f"{seen[name] / name}; rename one")  # fmt: skip
            seen[name] = place


def check_name(name: str) -> None:
    """Refuse a name that does not suit a folder, a row and a command line alike.

    Raises:
        MethodError: saying which names do.
    """
    if not NAME.fullmatch(name):
        raise MethodError(f"{name}: expected a name of small letters, digits and single hyphens that begins with a "
                          "letter, such as my-method; choose another")  # fmt: skip


def place_of(places: Sequence[Path], name: str) -> Path:
    """Which of the folders holds a method.

    Raises:
        MethodError: if none does; it lists the methods that are there.
    """
    for place in places:
        if (place / name / "method.yaml").is_file():
            return place
    there = ", ".join(sorted(known for place in places for known in method_names(place))) or "none"
    raise MethodError(f"{places[0] / name}: expected a method with method.yaml and adapter.py, found none; "
                      f"methods there: {there}")  # fmt: skip


def named_files(folder: Path, card: MethodCard) -> set[Path]:
    """The files that a method's card names wherever they lie, of those that are there: adapter, weights, frames.

    Args:
        folder: the method's.
    """
    named = {folder / card.adapter, *(folder / weights.file for weights in card.weights.values())}
    frames = glob(str(folder / _WILD.sub("*", card.frames.path))) if card.frames else ()  # noqa: PTH207  # a path may be absolute
    return {path for path in (*named, *map(Path, frames)) if path.is_file()}


def given_weights(folder: Path, card: MethodCard, instead: Mapping[str, Path]) -> dict[str, Path]:
    """Name to file, for every weights file of the card.

    Args:
        folder: the method's, which paths are relative to.
        instead: files that the user gave; of these nothing is checked.

    Raises:
        WeightsError: if a file is not here or another than its sha256 says.
    """
    return {name: _checked(folder, card, name) for name in card.weights if name not in instead} | dict(instead)


def are_here(folder: Path, card: MethodCard) -> bool:
    """Whether every weights file that the card names is there; a look that opens none."""
    return all((folder / weights.file).is_file() for weights in card.weights.values())


def _checked(folder: Path, card: MethodCard, name: str) -> Path:
    path, sha256 = folder / card.weights[name].file, card.weights[name].sha256
    if not path.is_file():
        raise WeightsError(f"{path}: expected the weights '{name}' of {card.label}, found none; "
                           f"{card.needs or 'put the file there'}")  # fmt: skip
    if sha256 is not None and (got := _sha256(path)) != sha256:
        raise WeightsError(f"{path}: expected the SHA-256 {sha256[:12]}..., got {got[:12]}...; get the file again, or "
                           "correct sha256 in method.yaml")  # fmt: skip
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


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
