"""spandrel imports three names of torchvision, for LaMa and RestoreFormer alone; here they exist where it does not."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_PACKAGES = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")


@contextmanager
def torchvision_at_least_by_name() -> Iterator[None]:
    """Within the block `import torchvision` works; afterwards nobody is told that it is here.

    torchvision is built for one version of PyTorch each, and for some there is no build; a network that deblurs needs
    none of it.
    """
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    modules = {name: ModuleType(name) for name in _PACKAGES}
    vars(modules[_PACKAGES[-1]]).update(InterpolationMode=object, rotate=_wanting, normalize=_wanting)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


def _wanting(*_: Any, **__: Any) -> None:
    raise ImportError("LaMa and RestoreFormer need torchvision, which is not installed")
