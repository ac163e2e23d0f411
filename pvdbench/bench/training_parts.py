"""Parts of training: an update at the default study's and at the paper's size, and the loader."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pvdbench.bench.part import Part, Setting, Work, size_of

if TYPE_CHECKING:  # PyTorch is imported where it computes, so that parts without it begin at once
    from torch import Tensor

    from pvdbench.training.params import SequenceRecipe
    from pvdbench.training.sampling import Batch, SequenceCrops

DEFAULT_STUDY: dict[str, Any] = {"loss": "mse", "steps": 750, "batch": 4, "crop": [64, 64], "sequence": 6,
                                 "learning_rate": 1e-3, "warmup": 100}  # fmt: skip
"""params.yaml's training.deblur, but for its decay, which no update in the beginning meets."""
DEFAULT_WIDTH = 0.25
_PAPER: dict[str, Any] = {"preset": "paper"}
_PAPER_WIDTH = 1.0
_MORE = 7  # frames of a training clip beyond a sequence


def training_parts() -> list[Part]:
    """List them."""
    return [
        _update("update-default", "an update of PVDNet as the default study trains it", DEFAULT_STUDY, DEFAULT_WIDTH,
                warm=2, updates=12),
        _update("update-paper", "an update of PVDNet as the paper trains it", _PAPER, _PAPER_WIDTH, warm=0, updates=1),
        Part("loader", "a batch of the paper's from packed frames", _loader, _loader_by_definition, "8 bits"),
    ]  # fmt: skip


def _update(name: str, computes: str, recipe: dict[str, Any], width: float, *, warm: int, updates: int) -> Part:
    """Frames are the recipe's crops, whatever the size of the others."""

    def versions(textbook: bool) -> Callable[[Setting], Work]:
        def work(setting: Setting) -> Work:
            return _work(setting, recipe, width, warm=warm, updates=updates, textbook=textbook)

        return work

    return Part(name, computes, versions(False), versions(True), "float32", on_card=True, threaded=True)


def _work(setting: Setting, keys: dict[str, Any], width: float, *, warm: int, updates: int, textbook: bool) -> Work:
    import torch

    from pvdbench.bench.update import textbook_updates, timed_updates
    from pvdbench.networks.liteflownet import LiteFlowNet
    from pvdbench.networks.params import NetworkParams
    from pvdbench.networks.video_deblurrer import VideoDeblurrer
    from pvdbench.training.deblur import sequence_losses
    from pvdbench.training.params import SequenceRecipe
    from pvdbench.training.trainer import accelerate

    torch.manual_seed(0)
    recipe, motion = SequenceRecipe.model_validate(keys), LiteFlowNet(width).requires_grad_(False)
    model = VideoDeblurrer(NetworkParams(volume="gray", width=width), motion).to(setting.device)
    if not textbook:
        accelerate(model, recipe)
    shape = (recipe.batch, recipe.sequence, 3, *recipe.crop)
    batch = {kind: torch.rand(shape, device=setting.device) for kind in ("blurry", "sharp")}

    def losses(batch: "Batch") -> "Iterator[Tensor]":
        return sequence_losses(model, batch, recipe)

    trained = size_of(model.deblur)  # weights, gradients and two moments, each read and written but for the gradients
    frames = size_of(*batch.values()) / recipe.sequence * 3 / 2
    run = textbook_updates if textbook else timed_updates
    return Work(lambda: run(model, recipe, batch, losses, warm=warm, updates=updates),
                7 * trained + size_of(motion) + frames, operations=None)  # fmt: skip


def _loader(setting: Setting) -> Work:
    from pvdbench.datasets.packed import pack

    folder, recipe = _dataset(setting)
    pack(folder)
    return _batches(_crops(folder, recipe), recipe)


def _loader_by_definition(setting: Setting) -> Work:
    """Each frame is decoded by Pillow when it is asked for, and cropped then."""
    from pvdbench.bench.score_definitions import decode

    folder, recipe = _dataset(setting)
    crops = _crops(folder, recipe)
    crops._reader.read = lambda clip, kind, t, place: decode(getattr(clip.frames[t], kind))[place]  # type: ignore[method-assign]
    return _batches(crops, recipe)


def _dataset(setting: Setting) -> "tuple[Path, SequenceRecipe]":
    from pvdbench.bench.inputs import training_dataset
    from pvdbench.training.params import SequenceRecipe

    side = min(256, setting.width, setting.height)  # the paper's, where the frames are as large
    recipe = SequenceRecipe.model_validate(_PAPER | {"crop": [side, side]})
    frames = recipe.sequence + _MORE
    return training_dataset(setting.folder / "noise", setting.width, setting.height, frames), recipe


def _crops(folder: Path, recipe: "SequenceRecipe") -> "SequenceCrops":
    from pvdbench.datasets.manifest import read_clips
    from pvdbench.training.sampling import SequenceCrops, Sequences

    return SequenceCrops(folder, read_clips(folder, "train"), recipe, Sequences(recipe.sequence), 0)


def _batches(crops: "SequenceCrops", recipe: "SequenceRecipe") -> Work:
    import torch

    from pvdbench.training.distributed import SINGLE
    from pvdbench.training.sampling import batches

    supply = batches(crops, recipe, first=0, processes=SINGLE, device=torch.device("cpu"))
    floats = 2 * recipe.batch * recipe.sequence * 3 * recipe.crop[0] * recipe.crop[1]
    return Work(lambda: next(supply), moved=floats * (1 + 4))  # bytes read, floats written
