"""What a method raised, as one line that says what, where and what to do: it may raise anything, out of memory too."""

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from pvdbench.core.errors import MethodError, PvdbenchError, shorten

_MESSAGE = 130  # characters of a method's own error message
_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
"""What PyTorch says in errors that have no type of their own."""


@contextmanager
def method_faults(method: object) -> Iterator[None]:
    """Refuse whatever a method raises within the block, as its fault; also an exit, which would look like success.

    The working folder is afterwards as before: outputs may be named relative to it.

    Raises:
        MethodError: naming the method and what it raised.
    """
    place = Path.cwd()
    try:
        yield
    except (PvdbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:
        name = type(method).__module__.removeprefix("pvdbench_method_")
        raise MethodError(f"{name}: {what_it_raised(error)}") from error
    finally:
        os.chdir(place)


def what_it_raised(error: BaseException, folder: str = "") -> str:
    """Say in one line what a method raised, where, and what to do.

    Args:
        folder: the method's own, which has another name each time and is left out.
    """
    text = _text(error)
    said = shorten(text.replace(f"{folder}/", "") if folder else text, _MESSAGE)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"the method raised {type(error).__name__}: {said}{where}; {_remedy(error)}"


def _text(error: BaseException) -> str:
    """Return an error's message; nothing where making it fails, too."""
    try:
        return str(error)
    except Exception:
        return ""


def _remedy(error: BaseException) -> str:
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
        words in _text(error).lower() for words in _MEMORY
    ):
        return "mend it, or its options or frames"
    return f"take smaller frames or a smaller network: {_memory_here()}"


def _memory_here() -> str:
    """Say how much memory there is."""
    found = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB of memory"
    if torch.cuda.is_available():
        found += f", {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB on the GPU"
    return f"{found} here"
