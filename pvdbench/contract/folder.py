"""Loading methods/NAME by path: the one door for ours and for competing methods."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from pvdbench.contract.card import Task, read_card
from pvdbench.contract.method import Deblurrer, MotionEstimator
from pvdbench.contract.trainable import State, Trainable
from pvdbench.core.errors import MethodError


def load_deblurrer(methods: Path, name: str) -> Deblurrer:
    """A fresh, not yet loaded deblurrer from methods/NAME/adapter.py.

    Raises:
        MethodError: if the method is not there, does not import or is no deblurrer.
    """
    method = _load(methods, name, "deblur")
    if not isinstance(method, Deblurrer):
        raise MethodError(_breaks(methods, name, "load, parameters and deblur"))
    return method


def load_motion_estimator(methods: Path, name: str) -> MotionEstimator:
    """A fresh, not yet loaded motion estimator from methods/NAME/adapter.py.

    Raises:
        MethodError: if the method is not there, does not import or is no motion estimator.
    """
    method = _load(methods, name, "motion")
    if not isinstance(method, MotionEstimator):
        raise MethodError(_breaks(methods, name, "load, parameters and flow"))
    return method


def load_trainable(methods: Path, name: str) -> Trainable | None:
    """What methods/NAME/network.py offers the training loop; None for a method whose card has no `training`.

    Raises:
        MethodError: if the method is not there or does not import, or its network.py lacks network or unroll.
    """
    if read_card(methods, name).training is None:
        return None
    _load(methods, name, "deblur")
    try:
        module = importlib.import_module(f"{_module_name(name)}.network")
        same: Callable[[State], State] = dict
        return Trainable(name, module.network, module.unroll, getattr(module, "published", same))
    except Exception as error:
        raise MethodError(f"{methods / name / 'network.py'}: expected functions network and unroll, got "
                          f"{type(error).__name__}: {error}; see docs/adding-a-method.md") from error  # fmt: skip


def _module_name(name: str) -> str:
    return f"pvdbench_method_{name.replace('-', '_')}"


def _breaks(methods: Path, name: str, parts: str) -> str:
    return f"{methods / name / 'adapter.py'}: expected a class Method with {parts}; see docs/adding-a-method.md"


def _load(methods: Path, name: str, task: Task) -> object:
    card = read_card(methods, name)
    if card.task != task:
        raise MethodError(f"{methods / name}: expected a method for '{task}', got one for '{card.task}'; "
                          "name another method in params.yaml")  # fmt: skip
    adapter = methods / name / "adapter.py"
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
