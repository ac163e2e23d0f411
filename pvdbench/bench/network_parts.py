"""Parts of the networks: cost volume, warp, regularisation, pixel volume, LiteFlowNet, PVDNet and a recurrent frame."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pvdbench.bench.part import NotMeasuredError, Part, Setting, Work, size_of

if TYPE_CHECKING:  # PyTorch is imported where it computes, so that parts without it begin at once
    from torch import Tensor

_MATCHED = 64  # features that LiteFlowNet matches at its finest level, at every second pixel of half the frame
_DISPLACEMENTS = 49
_CANDIDATES = 25
_MOTION = 4.0  # pixels: the standard deviation of the flows that parts are given
_ENDLESS = 10**9  # frames

_Versions = Callable[[Setting, bool], Work]
"""Sets a part up; plain for the straightforward version."""


def network_parts() -> list[Part]:
    """List them: width 1, untrained, one frame."""
    return [
        _part("cost-volume", "LiteFlowNet's correlations at its finest level", _cost_volume),
        _part("warp", "a frame along a flow", _warp),
        _part("regularisation", "LiteFlowNet's at its finest level, its convolutions included", _regularisation),
        _part("volume", "the pixel volume of a frame, 25 candidates", _volume),
        _part("liteflownet", "the flow between two frames", _liteflownet),
        _part("pvdnet", "a frame from three and its volume", _pvdnet),
        _part("recurrent-frame", "a frame of a clip: LiteFlowNet, volume, PVDNet", _recurrent_frame),
        replace(_part("recurrent-frame-bfloat16", "the same, PVDNet's convolutions in bfloat16", _in_bfloat16),
                precision="bfloat16"),
    ]  # fmt: skip


def _part(name: str, computes: str, versions: _Versions) -> Part:
    return Part(
        name, computes, lambda setting: versions(setting, False), lambda setting: versions(setting, True), "float32",
        on_card=True, threaded=True,
    )  # fmt: skip


def _cost_volume(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.networks.cost_volume import cost_volume

    h, w = setting.height // 32 * 8, setting.width // 32 * 8
    maps = _noise(setting, (1, _MATCHED, h, w), (1, _MATCHED, h, w))
    compute = definitions.cost_volume if plain else cost_volume
    return _without_gradients(compute, maps, _DISPLACEMENTS * h * w, operations=2 * _DISPLACEMENTS * _MATCHED * h * w)


def _warp(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.core.warp import backward_warp

    h, w = setting.height, setting.width
    image, flow = _noise(setting, (1, 3, h, w), (1, 2, h, w))
    compute = definitions.backward_warp if plain else backward_warp
    weighing = 8 + 3 * 7  # of a pixel: four weights, then four products and three sums per channel
    return _without_gradients(compute, (image, flow * _MOTION), 3 * h * w, operations=weighing * h * w)


def _regularisation(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.networks.liteflownet import LiteFlowNet

    network = _network(setting, lambda: LiteFlowNet(1.0), plain)
    module = network.regularization[0]
    h, w = setting.height // 32 * 16, setting.width // 32 * 16
    inputs = _noise(setting, (1, 3, h, w), (1, 3, h, w), (1, 32, h, w), (1, 2, h, w))
    compute = definitions.plain(network).regularization[0] if plain else module
    return _without_gradients(compute, inputs, 2 * h * w, module)


def _volume(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.networks.pixel_volume import pixel_volume

    h, w = setting.height, setting.width
    previous, flow, current = _noise(setting, (1, 1, h, w), (1, 2, h, w), (1, 1, h, w))
    compute = definitions.pixel_volume if plain else pixel_volume
    return _without_gradients(compute, (previous, flow * _MOTION, current), _CANDIDATES * h * w, operations=0)


def _liteflownet(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.networks.liteflownet import LiteFlowNet

    network = _network(setting, lambda: LiteFlowNet(1.0), plain)
    frames = [(frame + 1) / 2 for frame in _noise(setting, *[(1, 3, setting.height, setting.width)] * 2)]
    compute = definitions.plain(network) if plain else network
    return _without_gradients(compute, frames, 2 * setting.height * setting.width, network)


def _pvdnet(setting: Setting, plain: bool) -> Work:  # the straightforward one is the network itself
    from pvdbench.networks.pvdnet import PVDNet

    network, h, w = _network(setting, PVDNet, plain), setting.height // 4 * 4, setting.width // 4 * 4
    inputs = _noise(setting, *[(1, 3, h, w)] * 3, (1, _CANDIDATES, h, w))
    return _without_gradients(network, inputs, 3 * h * w, network)


def _recurrent_frame(setting: Setting, plain: bool) -> Work:
    from pvdbench.bench import network_definitions as definitions
    from pvdbench.networks.liteflownet import LiteFlowNet
    from pvdbench.networks.params import NetworkParams
    from pvdbench.networks.recurrence import deblur_frames
    from pvdbench.networks.video_deblurrer import VideoDeblurrer

    model = _network(setting, lambda: VideoDeblurrer(NetworkParams(volume="gray"), LiteFlowNet(1.0)), plain)
    clip = _Endless([frame[0].cpu() / 2 + 0.5 for frame in _frames(setting)])
    frames = definitions.deblur(model, clip, setting.device) if plain else deblur_frames(model, clip, setting.device)
    return _without_gradients(lambda: next(frames), (), 4 * 3 * setting.height * setting.width, model)


def _in_bfloat16(setting: Setting, plain: bool) -> Work:
    from pvdbench.inference.precision import in_precision, is_fast

    if plain:
        return _recurrent_frame(setting, plain)
    if not is_fast("bfloat16"):
        raise NotMeasuredError("this processor computes bfloat16 in software, many times slower than float32")
    single = _recurrent_frame(setting, plain)
    frames = in_precision(iter(single.call, None), "bfloat16")
    return replace(single, call=lambda: next(frames))


class _Endless(Sequence["Tensor"]):
    """A clip that repeats a few frames, so that a recurrence never comes to its end."""

    def __init__(self, frames: "Sequence[Tensor]") -> None:
        self._frames = frames

    def __len__(self) -> int:
        return _ENDLESS

    def __getitem__(self, index: Any) -> Any:
        return self._frames[index % len(self._frames)]


def _frames(setting: Setting) -> "list[Tensor]":
    """Three frames in [-1, 1] that move, so that a frame's flow is not the one before's."""
    import torch

    from pvdbench.bench.inputs import sharp_frames

    moving = sharp_frames(setting.width, setting.height, 3)
    return [torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 127.5 - 1 for frame in moving]


def _network(setting: Setting, build: Callable[[], Any], plain: bool) -> Any:
    """Build an untrained network, equal in every process, and get it ready as methods do; plain, as PyTorch has it."""
    import torch

    from pvdbench.core import device

    there = setting.device  # chosen before anything is allocated, as commands do
    torch.manual_seed(0)
    network = build().to(there).eval()
    if plain or not hasattr(device, "for_inference"):  # earlier versions ran networks as they were
        return network
    return device.for_inference(network, there)


def _noise(setting: Setting, *shapes: tuple[int, ...]) -> "list[Tensor]":
    """Make uniform values in [-1, 1]."""
    import torch

    there, random = setting.device, torch.Generator().manual_seed(1)  # chosen before anything is allocated
    return [(torch.rand(shape, generator=random) * 2 - 1).to(there) for shape in shapes]


def _without_gradients(
    compute: Callable[..., Any], inputs: "Sequence[Tensor]", outputs: float, network: Any = None,
    operations: float | None = None,
) -> Work:  # fmt: skip
    """Call on inputs.

    Args:
        outputs: float32 values that it gives.
        network: whose weights are read.
        operations: None for those that PyTorch counts.
    """
    import torch

    def call() -> Any:
        with torch.inference_mode():
            result = compute(*inputs)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            return result

    weights = () if network is None else (network,)
    return Work(call, size_of(*inputs, *weights) + 4 * outputs, operations)
