"""Read the named tensors of checkpoints, PyTorch's or safetensors, that others published; code in them is never run."""

import pickle
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from pvdbench.core.errors import WeightsError, shorten
from pvdbench.core.whole_file import open_file
from pvdbench.io.pickled import DamagedPickleError, load_pickled, named_objects

Tensors = Mapping[str, Tensor]
_DEPTH = 6  # of mappings in mappings
_PROGRAMS = {
    "os", "posix", "nt", "sys", "io", "_io", "subprocess", "shutil", "importlib", "runpy", "socket", "ctypes", "pty",
    "code", "pickle", "_pickle", "marshal", "webbrowser", "multiprocessing", "asyncio", "operator",
}  # fmt: skip
_BUILT_IN = {"exec", "eval", "compile", "open", "__import__", "execfile", "input", "breakpoint", "apply"}
"""What no file of weights has a reason to name; a file that does is refused, though nothing of it would be run."""
_OTHERS = {
    b"\x1f\x8b": "a compressed file (gzip): unpack it first",
    b"BZh": "a compressed file (bzip2): unpack it first",
    b"\xfd7zXZ": "a compressed file (xz): unpack it first",
    b"7z\xbc\xaf": "an archive (7z): unpack it first",
    b"Rar!": "an archive (rar): unpack it first",
    b"\x89HDF": "an HDF5 file, as Keras and MATLAB write it: convert it to a state_dict of PyTorch",
    b"\x93NUMPY": "a NumPy array: convert its values to a state_dict of PyTorch",
}
"""How other files begin that stand in a checkpoint's place, and what to do with them."""


@dataclass(frozen=True)
class Part:
    """The tensors in one mapping of a checkpoint, and below it.

    Attributes:
        place: of the mapping in the file, such as `state_dict.`; nothing for the whole.
        tensors: by name; one of an inner mapping has that one's name before its own, with a dot.
    """

    place: str
    tensors: Tensors


class _Left:
    """Stands for an object that is no tensor, such as a NumPy number: its content is thrown away."""

    def __new__(cls, *_: object, **__: object) -> "_Left":
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None: ...


class _Opened:
    """Stands for an object that may be a mapping, such as an EasyDict: what is put into it can be read."""

    def __new__(cls, *_: object, **__: object) -> Any:
        return OrderedDict()


def read_checkpoint(path: Path) -> list[Part]:
    """Read the named tensors of a checkpoint, wherever training programs put them.

    Objects that are no tensors are not made: PyTorch's reader of weights alone gets a stand-in for each class that the
    file names.

    Returns: a part for every mapping that has tensors, outer ones first; two for one that has both tensors and such
        mappings: with those below it, and without.
    Raises:
        WeightsError: if the file is missing, damaged, asks for code to be run, or holds no named tensors.
    """
    content = _safetensors(path) if _is_safetensors(path) else _pickled(path)
    parts = list(_parts(_items(content), "", _DEPTH, set()))
    if not parts:
        raise WeightsError(f"{path}: this checkpoint is a {type(content).__name__} without named tensors; save a "
                           "state_dict")  # fmt: skip
    return parts


def _is_safetensors(path: Path) -> bool:
    """Tell safetensors by their first bytes: the length of a JSON object, and its beginning."""
    try:
        with open_file(path) as file:
            start = file.read(64)
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such checkpoint; correct the path") from None
    except OSError as error:
        raise WeightsError(f"{path}: this checkpoint cannot be read ({error.strerror}); name a file") from error
    if start.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{path}: this is Git LFS's note of a file, not the file; get it by `git lfs pull`")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise WeightsError(f"{path}: this is a web page in the place of a checkpoint; download the file itself")
    if start[8:9] == b"{":
        return True
    for begins, what in _OTHERS.items():
        if start.startswith(begins):
            raise WeightsError(f"{path}: this is no checkpoint but {what}")
    if not start.strip(b"\0") or start.decode("ascii", "replace").replace("\n", " ").isprintable():
        raise WeightsError(f"{path}: this is {'a text' if start.strip(bytes(1)) else 'empty'}, no checkpoint; get the "
                           "file itself")  # fmt: skip
    return False


def _safetensors(path: Path) -> Tensors:
    try:
        tensors: Tensors = load_file(path)
    except Exception as error:  # a damaged file fails in as many ways as there are bytes
        raise WeightsError(f"{path}: these are damaged safetensors ({shorten(error)}); get them again") from error
    return tensors


def _pickled(path: Path) -> object:
    try:
        named = named_objects(path)
        if running := sorted(name for name in named if _runs(name)):
            raise WeightsError(f"{path}: this checkpoint holds more than tensors, which was not run (it names "
                               f"{shorten(', '.join(running), 80)}); do not trust it, or ask its authors for a "
                               "state_dict")  # fmt: skip
        content = _loaded(path, named)
    except WeightsError:
        raise
    except DamagedPickleError as error:
        raise WeightsError(f"{path}: this checkpoint is damaged: {error}; get it again") from error
    except pickle.UnpicklingError as error:
        said = " ".join(str(error).split()).split("WeightsUnpickler error: ")[-1]
        reason = said.split(" Please ")[0].split(" Check the documentation ")[0]
        if reason.startswith("Unsupported operand"):  # of a protocol that weights are rarely saved by
            raise WeightsError(f"{path}: a pickle of a newer protocol, or a damaged one, which cannot be read without "
                               "running its code; where you trust it, save its state_dict again, as torch.save does "
                               "without pickle_protocol") from error  # fmt: skip
        raise WeightsError(f"{path}: this checkpoint holds more than tensors, which was not run "
                           f"({shorten(reason)}); ask its authors for a state_dict") from error  # fmt: skip
    except Exception as error:
        if (inside := _packed(path)) is not None:
            raise WeightsError(f"{path}: this is an archive without a checkpoint's own parts (its first is "
                               f"'{shorten(inside, 60)}'); unpack it first") from error  # fmt: skip
        if tarfile.is_tarfile(path):
            raise WeightsError(f"{path}: this is the tar format of PyTorch 0.1, which is not read without running its "
                               "code; where you trust it, convert it by torch.save(torch.load(FILE, weights_only=False)"
                               ", NEW)") from error  # fmt: skip
        reason = shorten(error) or type(error).__name__
        raise WeightsError(f"{path}: cannot read this as a PyTorch checkpoint: {reason}; get it again") from error
    return content


def _packed(path: Path) -> str | None:
    """Return the first file of an archive that is no checkpoint itself; None for anything else."""
    try:
        if tarfile.is_tarfile(path):  # first: a checkpoint at its end makes a zip file of it, too
            with tarfile.open(path) as tar:
                names = tar.getnames()
        else:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
    except Exception:  # it is neither, or a damaged one
        return None
    whole = any(name.split("/")[-1] in ("data.pkl", "pickle") for name in names)
    return None if whole else next(iter(names), "")


def _runs(name: str) -> bool:
    module, _, function = name.rpartition(".")
    builtin = module in ("builtins", "__builtin__")
    return function in _BUILT_IN if builtin else module.split(".")[0] in _PROGRAMS


def _loaded(path: Path, named: set[str]) -> object:
    """Load by PyTorch's reader of weights alone; where a stand-in of one sort does not do, the other may."""
    for stands_in in (_Opened, _Left):  # in place of what the reader does not know itself
        allowed = [(_Left if name.startswith("numpy.") else stands_in, name) for name in named]
        try:
            with warnings.catch_warnings(action="ignore"):
                return load_pickled(path, allowed)
        except (pickle.UnpicklingError, TypeError, AttributeError, ValueError):
            if stands_in is _Left:
                raise
    raise AssertionError("the last stand-in returns or raises")


def _items(content: object) -> Iterable[tuple[Any, Any]]:
    """Pairs of a name and what it is of: a mapping's, or a list's that holds such pairs or is counted from 0."""
    if isinstance(content, Mapping):
        return content.items()
    if not isinstance(content, Sequence) or isinstance(content, str | bytes):
        return ()
    pairs = all(isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str) for one in content)
    return content if pairs else ((str(number), value) for number, value in enumerate(content))


def _parts(content: Iterable[tuple[Any, Any]], place: str, depth: int, seen: set[int]) -> Iterator[Part]:
    """Yield the part of a mapping or list, then those of each in it; one that is in several of them once."""
    items = [(name, value) for name, value in content if isinstance(name, str)]
    own = {name: value for name, value in items if isinstance(value, Tensor)}
    below: list[Part] = []
    for name, value in items:
        if isinstance(value, Mapping | list | tuple) and depth and id(value) not in seen:
            seen.add(id(value))
            below += _parts(_items(value), f"{place}{name}.", depth - 1, seen)
    flat = {f"{part.place[len(place):]}{name}": value for part in below for name, value in part.tensors.items()}
    if own or flat:
        yield Part(place, own | flat)
    if own and flat:
        yield Part(place, own)
    yield from below
