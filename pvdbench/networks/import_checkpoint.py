"""Turn checkpoints that others published into weights files: of the PVDNet authors, of flow networks, of a method."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from pvdbench.core.errors import DataError, MethodError, WeightsError, shorten
from pvdbench.io.owned import behind_links, check_file
from pvdbench.io.weights import fill, is_imported, save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.interface import Trainable
from pvdbench.methods.loading import load_trainable
from pvdbench.networks.checkpoint import Part, Tensors, read_checkpoint
from pvdbench.networks.fitting_part import (
    Candidate,
    candidates,
    checked,
    fitting,
    own_name_start,
    with_counters,
    with_unwrapped,
)
from pvdbench.networks.flownet2 import FlowNet2, official_keys
from pvdbench.networks.from_weights import network_from_weights
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture

Described = tuple[nn.Module, dict[str, Any]]
"""A network, filled, and the header of its weights file."""

_OTHER_FILES = (".bin", ".ckpt", ".h5", ".npz", ".onnx", ".pickle", ".pkl", ".pt", ".pth", ".pytorch", ".tar", ".zip")
"""What other programs would take the weights for, and fail to read."""

_SCALES = ("one", "two", "three", "four", "five", "six")  # the authors write three letters of each
_LITEFLOWNET = (  # ours, the authors'; sniklaus' names say net for module
    *((rf"^encoder\.{n}\.", f"moduleFeatures.module{n.title()[:3]}.") for n in _SCALES),
    (r"^matching\.", "moduleMatching."),
    (r"^subpixel\.", "moduleSubpixel."),
    (r"^regularization\.", "moduleRegularization."),
    (r"\.feature\.", ".moduleFeat."),
    (r"\.upsample_flow\.", ".moduleUpflow."),
    (r"\.upsample_cost\.", ".moduleUpcorr."),
    (r"\.(flow|main)\.", ".moduleMain."),
    (r"\.distance\.", ".moduleDist."),
    (r"\.scale_x\.", ".moduleScaleX."),
    (r"\.scale_y\.", ".moduleScaleY."),
)
PVDNET = (
    (r"^volume_branch\.", "PV_dec."),
    (r"^image_branch\.", "img_dec."),
    (r"^level0\.", "d0."),
    (r"^level1\.", "d1."),
    (r"^level2\.", "temp."),
    (r"^residuals\.(\d+)\.body\.", r"RBs.\1."),
    (r"^residuals_end\.", "RB_end.0."),
    (r"^up(\d)_end\.", r"dconv\1_end."),
    (r"^up(\d)\.", r"dconv\1."),
)
Rules = tuple[tuple[str, str], ...]


_FIRST = re.compile(r"(?:^|\.)(PVDNet|BIMNet|moduleFeatures|netFeatures|flownetc)\.")
"""How a name of theirs begins, after whatever a training program puts before it."""


def import_checkpoint(
    source: Path, out: Path, prefix: str | None = None, *, overwrite: bool = False
) -> dict[str, Any]:
    """Write a checkpoint of the PVDNet authors (PVDNet with BIMNet, or a flow network by itself) as a weights file.

    It knows their `BIMNet.*` and `PVDNet.*`, BIMNet without the prefix, sniklaus' LiteFlowNet (`net*`) and NVIDIA's
    FlowNet2, each also in a mapping of any name and behind any prefix.

    Args:
        prefix: of the tensors to take, where several parts fit.
        overwrite: replace out whoever wrote it, not only weights that were imported.

    Returns: the header that was written.
    Raises:
        DataError: if out is source or holds something else.
        WeightsError: if the file is missing, damaged or no such checkpoint; it names the first key that is missing,
            surplus or misshapen, or the parts to choose from.
    """
    _check_out(out, source, overwrite=overwrite)
    parts = read_checkpoint(source)
    found = candidates(with_unwrapped(parts), _theirs_start)
    if not found:
        raise WeightsError(f"{source}: this checkpoint is of no known network: its first key is '{_first_key(parts)}', "
                           "and none begins with PVDNet., BIMNet., moduleFeatures., netFeatures. or flownetc.; see "
                           "--method")  # fmt: skip
    network, header = fitting(found, lambda candidate: _described(candidate, source), source, prefix)
    header |= {"imported": source.name}
    save_weights(behind_links(out), network.state_dict(), header)
    return header


def _check_out(out: Path, source: Path, *, overwrite: bool) -> None:
    check_file(out, [source], overwrite=overwrite, ours=is_imported)
    if out.suffix.lower() in _OTHER_FILES:
        raise DataError(f"{out}: weights are written as safetensors; name a file ending in .safetensors")


def _theirs_start(name: str) -> int | None:
    first = _FIRST.search(name)
    return first.start(1) if first else None


def _first_key(parts: list[Part]) -> str:
    return shorten(next(f"{part.place}{name}" for part in parts for name in part.tensors), 80)


def _described(candidate: Candidate, source: Path) -> Described:
    tensors, before = checked(candidate, source), (source, candidate.prefix)
    if any(name.startswith("PVDNet.") for name in tensors):
        return _pvdnet(tensors, *before)
    if any(name.startswith("flownetc.") for name in tensors):
        theirs = {ours: official for official, ours in official_keys().items()}
        flownet2 = network_from_weights(FlowNet2, tensors, source, named=theirs.__getitem__, prefix=candidate.prefix)
        return flownet2, motion_header(flownet2)
    return _liteflownet(tensors, *before)


def official_name(name: str, rules: Rules) -> str:
    """Return the name that a network's authors gave to a key of ours."""
    for ours, theirs in rules:
        name = re.sub(ours, theirs, name)
    return name


def _pvdnet(tensors: Tensors, source: Path, prefix: str) -> Described:
    first, inner, end = (
        _shape(tensors, f"PVDNet.{name}.weight", source, prefix) for name in ("PV_dec.0", "d0", "RB_end.0")
    )
    blocks = len({name.split(".")[2] for name in tensors if re.match(r"PVDNet\.RBs\.\d+\.", name)})
    size = round(first[1] ** 0.5)
    if size not in (1, 3, 5, 7) or size * size != first[1]:
        raise WeightsError(f"{source}: {prefix}PVDNet.PV_dec.0.weight: a pixel volume of {first[1]} candidates is "
                           "unknown; pvdbench knows 1, 9, 25 and 49")  # fmt: skip
    if not blocks:
        raise WeightsError(f"{source}: {prefix}PVDNet.RBs.*: there are no residual blocks; use a whole checkpoint")
    width = inner[0] / 64
    branch, residual = (None if other == width else other for other in (first[0] / 64, end[0] / 128))
    params = NetworkParams(
        volume="gray", size=size, width=width, blocks=blocks, branch_width=branch, residual_width=residual
    )
    with_motion = any(name.startswith("BIMNet.") for name in tensors)

    def theirs(name: str) -> str:
        if name.startswith("deblur."):
            return "PVDNet." + official_name(name.removeprefix("deblur."), PVDNET)
        return "BIMNet." + official_name(name.removeprefix("motion."), _LITEFLOWNET)

    def build() -> VideoDeblurrer:
        return VideoDeblurrer(params, LiteFlowNet() if with_motion else None)

    model = network_from_weights(build, tensors, source, named=theirs, prefix=prefix)
    return model, architecture(model)


def _liteflownet(tensors: Tensors, source: Path, prefix: str) -> Described:
    inner = "BIMNet." if any(name.startswith("BIMNet.") for name in tensors) else ""
    sniklaus = any(name.startswith(f"{inner}netFeatures.") for name in tensors)

    def theirs(name: str) -> str:
        official = official_name(name, _LITEFLOWNET)
        return inner + (official.replace("module", "net") if sniklaus else official)

    def build() -> LiteFlowNet:
        return LiteFlowNet(preprocessing="bgr-means" if sniklaus else "rgb")

    network = network_from_weights(build, tensors, source, named=theirs, prefix=prefix)
    return network, motion_header(network)


def _shape(tensors: Tensors, name: str, source: Path, prefix: str) -> tuple[int, ...]:
    """Look up the shape of a convolution's weight, from which the network's size is read."""
    if name not in tensors:
        raise WeightsError(f"{source}: {prefix}{name}: this key is missing; use a whole checkpoint")
    shape = tuple(tensors[name].shape)
    if len(shape) != 4 or not all(shape):
        raise WeightsError(f"{source}: {prefix}{name}: a shape of {shape} is no convolution's; get the checkpoint "
                           "again")  # fmt: skip
    return shape


def import_published(
    methods: Path, name: str, given: Mapping[str, Any], source: Path, out: Path, prefix: str | None = None, *,
    overwrite: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write a checkpoint of a method with a network of its own as a weights file.

    Args:
        methods: the folder of methods.
        given: options of the network, over those of method.yaml.
        prefix: of the tensors to take, where several parts fit.
        overwrite: replace out whoever wrote it, not only weights that were imported.

    Returns: the header that was written.
    Raises:
        DataError: if out is source or holds something else.
        MethodError: if there is no such method, or it has no network, or it fails at the checkpoint's names.
        ParamsError: if an option is unknown, of another type or refused by the method.
        WeightsError: if the file is missing, damaged, asks for code to be run or is of another network; it names the
            first key that is missing, surplus or misshapen, or the parts to choose from.
    """
    _check_out(out, source, overwrite=overwrite)
    options = read_card(methods, name).chosen(given, f"{name}: --option")
    method = load_trainable(methods, name)
    if method is None:
        raise MethodError(f"{methods / name}: this method has no network (no `training` in its method.yaml); name "
                          "another, or leave --method out for PVDNet and flow networks")  # fmt: skip
    network, parts = method.build(options), read_checkpoint(source)
    found = candidates(_published(method, with_unwrapped(parts)), own_name_start(network))
    if not found:
        own = next(iter(network.state_dict()), "")
        raise WeightsError(f"{source}: no name in it ends with one of {name}'s, such as '{own}'; its first is "
                           f"'{_first_key(parts)}'; use the weights of this network")  # fmt: skip

    def take(candidate: Candidate) -> dict[str, Any]:
        tensors = with_counters(network, checked(candidate, source))
        fill(network, tensors, source, prefix=candidate.prefix)
        return {key: value.clone() for key, value in network.state_dict().items()}

    state = fitting(found, take, source, prefix)
    header = method.header(options) | {"imported": source.name}
    save_weights(behind_links(out), state, header)
    return header


def _published(method: Trainable, parts: Sequence[Part]) -> list[Part]:
    """Give the parts the method's own names; an optimiser's numbers, say, need not be known to it."""
    renamed, failures = [], []
    for part in parts:
        try:
            own = method.published(part.tensors)
            renamed += [part, Part(part.place, own)]  # as it is, too: two names may have become one
        except Exception as error:  # it is the method's own code
            failures.append(error)
    if not renamed:
        raise MethodError(f"{method.name}: `published` of its network.py failed at the checkpoint's names "
                          f"({type(failures[0]).__name__}: {shorten(failures[0])}); mend it")  # fmt: skip
    return renamed
