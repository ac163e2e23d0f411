"""Turn checkpoints that others published into weights files: tensors alone are read, no code in a pickle is run."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pvdbench.core.errors import MethodError, WeightsError
from pvdbench.io.weights import fill, save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.loading import load_trainable
from pvdbench.networks.flownet2 import FlowNet2, official_keys
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import motion_header
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture

_WRAPPERS = ("state_dict", "params_ema", "params", "model", "G")  # under which training programs put the tensors


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a PyTorch checkpoint by name, without `module.` in front.

    Raises:
        WeightsError: if the file is missing, damaged, holds more than tensors or no named tensors.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: there is no such checkpoint; correct the path") from None
    except pickle.UnpicklingError as error:
        reason = str(error).split("WeightsUnpickler error: ")[-1].split(" Please ")[0].split("\n")[0][:120]
        raise WeightsError(f"{path}: this checkpoint holds more than tensors, which was not run ({reason}); ask its "
                           "authors for a state_dict") from error  # fmt: skip
    except Exception as error:  # a damaged file fails in as many ways as there are bytes
        reason = (str(error) or type(error).__name__).split("\n")[0][:120]
        raise WeightsError(f"{path}: cannot read this as a PyTorch checkpoint: {reason}; get it again") from error
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsError(f"{path}: this checkpoint is a {type(content).__name__}, not names and tensors; "
                           "save a state_dict")  # fmt: skip
    for name, value in content.items():
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():  # a few bytes may say they are many
            raise WeightsError(f"{path}: {str(name)[:80]}: the file holds less than this tensor's shape says; "
                               "get it again")  # fmt: skip
    return {str(name).removeprefix("module."): value for name, value in content.items()}


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


def import_checkpoint(source: Path, out: Path) -> dict[str, Any]:
    """Write a checkpoint of the PVDNet authors (PVDNet with BIMNet, or a flow network by itself) as a weights file.

    It knows their `BIMNet.*` and `PVDNet.*`, BIMNet without the prefix, sniklaus' LiteFlowNet (`net*`) and NVIDIA's
    FlowNet2, each also behind `module.`.

    Returns: the header that was written.
    Raises:
        WeightsError: if the file is missing, damaged or no such checkpoint; it names the first key that is missing,
            surplus or misshapen.
    """
    tensors = read_checkpoint(source)
    if any(name.startswith("PVDNet.") for name in tensors):
        network, header = _pvdnet(tensors, source)
    elif any(re.match(r"(BIMNet\.)?(module|net)Features\.", name) for name in tensors):
        network, header = _liteflownet(tensors, source)
    elif any(name.startswith("flownetc.") for name in tensors):
        network, header = _flownet2(tensors, source)
    else:
        first = f"its first key is '{next(iter(tensors))[:80]}'" if tensors else "it is empty"
        raise WeightsError(f"{source}: this checkpoint is of no known network: {first}, and none begins with PVDNet., "
                           "BIMNet., moduleFeatures., netFeatures. or flownetc.; see --method")  # fmt: skip
    header |= {"imported": source.name}
    save_weights(out, network.state_dict(), header)
    return header


def official_name(name: str, rules: Rules) -> str:
    """Return the name that a network's authors gave to a key of ours."""
    for ours, theirs in rules:
        name = re.sub(ours, theirs, name)
    return name


def _pvdnet(tensors: Mapping[str, Tensor], source: Path) -> tuple[nn.Module, dict[str, Any]]:
    first, inner, end = (_shape(tensors, f"PVDNet.{name}.weight", source) for name in ("PV_dec.0", "d0", "RB_end.0"))
    blocks = len({name.split(".")[2] for name in tensors if name.startswith("PVDNet.RBs.")})
    size = round(first[1] ** 0.5)
    if size not in (1, 3, 5, 7) or size * size != first[1]:
        raise WeightsError(f"{source}: PVDNet.PV_dec.0.weight: a pixel volume of {first[1]} candidates is unknown; "
                           "pvdbench knows 1, 9, 25 and 49")  # fmt: skip
    if not blocks:
        raise WeightsError(f"{source}: PVDNet.RBs.*: there are no residual blocks; use a whole checkpoint")
    width = inner[0] / 64
    branch, residual = (None if other == width else other for other in (first[0] / 64, end[0] / 128))
    params = NetworkParams(
        volume="gray", size=size, width=width, blocks=blocks, branch_width=branch, residual_width=residual
    )
    with_motion = any(name.startswith("BIMNet.") for name in tensors)
    model = VideoDeblurrer(params, LiteFlowNet() if with_motion else None)

    def theirs(name: str) -> str:
        if name.startswith("deblur."):
            return "PVDNet." + official_name(name.removeprefix("deblur."), PVDNET)
        return "BIMNet." + official_name(name.removeprefix("motion."), _LITEFLOWNET)

    fill(model, tensors, source, named=theirs)
    return model, architecture(model)


def _liteflownet(tensors: Mapping[str, Tensor], source: Path) -> tuple[nn.Module, dict[str, Any]]:
    prefix = "BIMNet." if any(name.startswith("BIMNet.") for name in tensors) else ""
    sniklaus = any(name.startswith(f"{prefix}netFeatures.") for name in tensors)
    network = LiteFlowNet(preprocessing="bgr-means" if sniklaus else "rgb")

    def theirs(name: str) -> str:
        official = official_name(name, _LITEFLOWNET)
        return prefix + (official.replace("module", "net") if sniklaus else official)

    fill(network, tensors, source, named=theirs)
    return network, motion_header(network)


def _flownet2(tensors: Mapping[str, Tensor], source: Path) -> tuple[nn.Module, dict[str, Any]]:
    network, theirs = FlowNet2(), {ours: official for official, ours in official_keys().items()}
    fill(network, tensors, source, named=lambda name: theirs[name])
    return network, motion_header(network)


def _shape(tensors: Mapping[str, Tensor], name: str, source: Path) -> tuple[int, ...]:
    """Look up the shape of a convolution's weight, from which the network's size is read."""
    if name not in tensors:
        raise WeightsError(f"{source}: {name}: this key is missing; use a whole checkpoint")
    shape = tuple(tensors[name].shape)
    if len(shape) != 4 or not all(shape):
        raise WeightsError(f"{source}: {name}: a shape of {shape} is no convolution's; get the checkpoint again")
    return shape


def import_published(methods: Path, name: str, given: Mapping[str, Any], source: Path, out: Path) -> dict[str, Any]:
    """Write a checkpoint of a method with a network of its own as a weights file.

    Args:
        methods: the folder of methods.
        given: options of the network, over those of method.yaml.

    Returns: the header that was written.
    Raises:
        MethodError: if there is no such method, or it has no network.
        ParamsError: if an option is unknown, of another type or refused by the method.
        WeightsError: if the file is missing, damaged, holds more than tensors or is of another network; it names the
            first key that is missing, surplus or misshapen.
    """
    options = read_card(methods, name).chosen(given, f"{name}: --option")
    method = load_trainable(methods, name)
    if method is None:
        raise MethodError(f"{methods / name}: this method has no network (no `training` in its method.yaml); name "
                          "another, or leave --method out for PVDNet and flow networks")  # fmt: skip
    network = method.build(options)
    fill(network, method.published(read_checkpoint(source)), source)
    header = method.header(options) | {"imported": source.name}
    save_weights(out, network.state_dict(), header)
    return header
