"""Stand-ins for the three names of torchvision that spandrel imports, which only LaMa and RestoreFormer use."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_PACKAGES = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")


@contextmanager
def torchvision_names() -> Iterator[None]:
    """Let `import torchvision` work within the block, even where it is not installed.

    Each build of torchvision fits one version of PyTorch, and some versions have none; networks that deblur do not
    use it.
    """
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    modules = {name: ModuleType(name) for name in _PACKAGES}
    vars(modules[_PACKAGES[-1]]).update(InterpolationMode=object, rotate=_missing, normalize=_missing)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


def _missing(*_: Any, **__: Any) -> None:
    raise ImportError("LaMa and RestoreFormer need torchvision, which is not installed")
