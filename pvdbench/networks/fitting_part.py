"""Find the part of a checkpoint that is a network's state, whatever training programs put round it or before names."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from pvdbench.core.errors import WeightsError, choices, shorten
from pvdbench.core.notice import notice
from pvdbench.networks.checkpoint import Part, Tensors

Result = TypeVar("Result")
_WRAPPERS = ("module", "_orig_mod")  # of DataParallel and torch.compile, round the whole network or a part of it
_AVERAGED = re.compile(r"(?<![a-z])(ema|shadow)(?![a-z])|EMA|(?<=[a-z])Ema(?![a-z])|^Ema")
"""In the names of weights averaged over steps, but not in `schema`."""
_COUNTER = "num_batches_tracked"  # of batch normalisation; files older than PyTorch 0.4.1 have none
_SHARED = 4  # bytes of tensors for each byte of their file: a few may share their numbers
_TRIED = 20  # prefixes of a part, and candidates; a file may hold any number


@dataclass(frozen=True)
class Candidate:
    """Tensors that may be a network's state.

    Attributes:
        prefix: what the file puts before their names: places of mappings, and prefixes of programs.
        tensors: by the name behind it.
        known: how many of the names are the network's.
    """

    prefix: str
    tensors: Tensors
    known: int


def candidates(parts: Sequence[Part], start: Callable[[str], int | None]) -> list[Candidate]:
    """List what may be a network's state, what knows most of its names first.

    Args:
        start: from a name to where the network's own name begins in it; None if it does not.
    """
    found = []
    for part in parts:
        counts = Counter(name[:at] for name in part.tensors if (at := start(name)) is not None)
        for prefix, known in counts.most_common(_TRIED):
            inner = tuple(other for other in counts if other != prefix and other.startswith(prefix))
            below = [name for name in part.tensors if name.startswith(prefix)]
            names = [name for name in below if not name.startswith(inner) or start(name) == len(prefix)]
            own = {name.removeprefix(prefix): part.tensors[name] for name in names}  # without another's, in the same
            found.append(Candidate(part.place + prefix, own, known))
    return sorted(found, key=lambda candidate: -candidate.known)  # stable: outer parts, and earlier ones, stay first


def with_unwrapped(parts: Sequence[Part]) -> list[Part]:
    """Add to parts those without the names of wrappers within names, unless two names would become one."""
    return [*parts, *(plain for part in parts if (plain := _unwrapped(part)) is not part)]


def _unwrapped(part: Part) -> Part:
    names = {name: ".".join(word for word in name.split(".") if word not in _WRAPPERS) for name in part.tensors}
    if len(set(names.values())) < len(names) or all(old == new for old, new in names.items()):
        return part
    return Part(part.place, {names[name]: value for name, value in part.tensors.items()})


def own_name_start(network: nn.Module) -> Callable[[str], int | None]:
    """Return where a network's own name begins in a longer one, behind dots."""
    own = set(network.state_dict())

    def start(name: str) -> int | None:
        at = 0
        while name[at:] not in own:
            at = name.find(".", at) + 1
            if not at:
                return None
        return at

    return start


def fitting(
    found: Sequence[Candidate], take: Callable[[Candidate], Result], source: Path, prefix: str | None
) -> Result:
    """Return what take makes of the one candidate that it does not refuse.

    Where several fit and differ, the averaged one is taken, which training programs test by; the user is told.

    Args:
        take: raises WeightsError for one that is not the network's.
        prefix: the user's choice among those that fit.

    Raises:
        WeightsError: if none fits: that of what knows most names; if several fit and none is the averaged one, or none
            has the prefix, their prefixes.
    """
    fits: list[tuple[Candidate, Result]] = []
    refusals = []
    for candidate in found[:_TRIED]:
        if any(_within(candidate.tensors, other.tensors) for other, _ in fits):
            continue
        try:
            fits.append((candidate, take(candidate)))
        except WeightsError as error:
            refusals.append(error)
    if not fits:
        raise refusals[0]
    return _chosen(fits, source, prefix)


def _within(tensors: Tensors, others: Tensors) -> bool:
    """Tell whether all of these tensors are among the others: a part of what fits, or the same under another prefix."""
    return set(map(id, tensors.values())) <= set(map(id, others.values()))


def _chosen(fits: Sequence[tuple[Candidate, Result]], source: Path, prefix: str | None) -> Result:
    said = choices(repr(candidate.prefix) for candidate, _ in fits)
    if prefix is not None:
        wanted = [(one, result) for one, result in fits if one.prefix.rstrip(".") == prefix.rstrip(".")]
        if not wanted:
            raise WeightsError(f"{source}: no weights of this network are below '{shorten(prefix, 60)}'; choose "
                               f"--prefix from {said}")  # fmt: skip
        return wanted[0][1]
    different = [fits[0]] + [fit for fit in fits[1:] if not _equal(fit[0].tensors, fits[0][0].tensors)]
    if len(different) == 1:
        return fits[0][1]
    averaged = [fit for fit in different if _AVERAGED.search(fit[0].prefix)]
    if len(averaged) != 1:
        raise WeightsError(f"{source}: several of its parts are weights of this network, and they differ; choose "
                           f"--prefix from {said}")  # fmt: skip
    taken, result = averaged[0]
    rest = choices(repr(candidate.prefix) for candidate, _ in different if candidate is not taken)
    notice(f"{source}: took the averaged weights, below '{taken.prefix}'; --prefix takes those of {rest}")
    return result


def _equal(first: Tensors, second: Tensors) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def checked(candidate: Candidate, source: Path) -> Tensors:
    """Return a candidate's tensors as plain numbers in memory, or refuse them.

    Raises:
        WeightsError: if one is larger than its bytes, sparse, quantised, complex, or not finite.
    """
    whole = sum(value.numel() * value.element_size() for value in candidate.tensors.values())
    if whole > _SHARED * (there := source.stat().st_size):
        raise WeightsError(f"{source}: its {there} bytes say that they are {whole}, by tensors that share their "
                           "numbers; save them one by one")  # fmt: skip
    for name, value in candidate.tensors.items():
        where = f"{source}: {shorten(candidate.prefix + name)}"
        if value.layout != torch.strided or value.is_quantized or value.is_complex() or value.device.type != "cpu":
            raise WeightsError(f"{where}: a tensor of {value.dtype}, {value.layout} on {value.device.type}, is no "
                               "plain weight; save real, dense tensors")  # fmt: skip
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():  # few bytes may say they are many
            raise WeightsError(f"{where}: the file holds less than this tensor's shape says; get it again")
        if value.is_floating_point() and not bool(value.float().isfinite().all()):
            raise WeightsError(f"{where}: its values are not all finite; get the checkpoint again, or another one")
    return candidate.tensors


def with_counters(network: nn.Module, tensors: Tensors) -> dict[str, torch.Tensor]:
    """Add the counters of batch normalisation that a file lacks, and make numbers of lists of one, as PyTorch does."""
    own = {name: value for name, value in network.state_dict().items() if name.endswith(_COUNTER)}
    there = {name: value.reshape(()) if name in own and value.shape == (1,) else value
             for name, value in tensors.items()}  # fmt: skip
    return {name: torch.zeros_like(value) for name, value in own.items()} | there
