"""Operations of one update or one frame of a study's rows, each distinct network counted once."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pvdbench.core.errors import MethodError, PvdbenchError
from pvdbench.io.weights import load_weights
from pvdbench.methods.loading import load_trainable
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.from_weights import described
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import MotionNetwork
from pvdbench.networks.params import DeblurRow, Finetune, NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, untrained_deblurrer
from pvdbench.study.code_records import method_code
from pvdbench.study.kept_operations import KeptOperations
from pvdbench.study.operations import Losses, Operations, frame_operations, update_operations
from pvdbench.study.study import Study
from pvdbench.training.competitors import update_losses
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.motion_losses import supervised_loss, warping_loss
from pvdbench.training.params import MethodRecipe, Recipe

_ONE_PAIR = Finetune(loss="blur-variant", pairs=["ss"])
_PADDED = 4  # frames are padded to multiples of it

Found = Operations | None
"""None where there is no network, or one that cannot be counted without computing."""


class RowOperations:
    """Counts of a study's rows by what each is made of, so that rows which differ by weights alone share one."""

    def __init__(self, study: Study) -> None:
        """Take a study, beside whose rates the counts are kept."""
        self._study, self._training = study, study.params.training.motion
        self._kept = KeptOperations(study.data("logs", "stages", "operations.json"))

    def pretraining(self) -> Found:
        """Count an update of the pre-training."""
        return self._motion_update("liteflownet", _supervised, self._training.pretrain, 1)

    def finetuning(self, name: str, finetune: Finetune) -> Found:
        """Count an update of a row of `motion`: its pairs are one batch, and of which frames they are costs nothing."""
        motion, recipe = self._study.motion_row(name).network, self._training.finetune
        return self._motion_update(motion, _warping, recipe, len(finetune.pairs))

    def _motion_update(self, motion: str | None, losses: Losses, recipe: Recipe, pairs: int) -> Found:
        what = ("motion update", motion, self._training.width, losses.__name__, recipe.crop)
        build = partial(self._motion_network, motion)
        one = self._kept.of(what, lambda: update_operations(build, losses, recipe, 2))
        return one and one.in_batch(recipe.batch * pairs)

    def deblurring(self, name: str) -> Found:
        """Count an update of a row of PVDNet: of one frame, and of its flow."""
        network, motion = self._parts(name)
        recipe = self._study.sequence_recipe(name).model_copy(update={"sequence": 1})
        trained = motion if network.train_motion else None
        what = ("deblurring", network, trained, trained and self._training.width)
        build, losses = partial(self._deblurrer, network, trained), partial(_of_sequence, recipe=recipe)
        told = recipe.crop, recipe.loss, recipe.precision
        one = self._kept.of((*what, *told), lambda: update_operations(build, losses, recipe, 1))
        found = one if trained else self._with_flow(one, network, motion, (1, 3, *recipe.crop))
        return found and found.in_batch(recipe.batch)

    def competitor(self, name: str, recipe: MethodRecipe) -> Found:
        """Count an update of a row whose method brings its own network.

        Raises:
            MethodError: if the method's own code fails.
        """
        label, options = self._study.deblur_row(name).method, self._study.options(name)
        place = self._study.place_of(label)

        def count() -> Found:
            method = load_trainable(place, label)
            assert method is not None  # it has a recipe
            try:
                return update_operations(
                    lambda: method.build(options), lambda network, batch: update_losses(method, network, batch, recipe),
                    recipe, recipe.sequence)  # fmt: skip
            except PvdbenchError:
                raise
            except Exception as error:  # it is the method's own code
                said = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
                raise MethodError(f"{label}: an update of its network fails: {said}; run `pvdbench methods check "
                                  f"{label}`") from error  # fmt: skip

        what = ("competitor", label, method_code(place / label, trained=True), options)
        one = self._kept.of((*what, recipe.crop, recipe.sequence, recipe.loss), count)
        return one and one.in_batch(recipe.batch)

    def flow(self, name: str, width: int, height: int) -> Found:
        """Count a frame of a row of `motion`."""
        motion = self._study.motion_row(name).network
        return None if motion is None else self._flow(motion, _frame(width, height))

    def frame(self, name: str, width: int, height: int) -> Found:
        """Count a frame of a row of `deblur`, its flow included."""
        row, shape = self._study.deblur_row(name), _frame(width, height)
        if row.network is None:
            return self._given_frame(row, shape)
        network, motion = self._parts(name)
        build, run = partial(self._deblurrer, network, None), partial(_on_frames, count=5, shape=shape)
        alone = self._kept.of(("frame", network, shape), lambda: frame_operations(build, run))
        return self._with_flow(alone, network, motion, shape)

    def _given_frame(self, row: DeblurRow, shape: tuple[int, ...]) -> Found:
        """A frame of the network that the row's given weights describe, if they are here."""
        given = self._study.given(row.weights)
        if given is None or not given.exists():
            return None
        header = load_weights(given)[1]
        if header.get("network") != "pvdnet":  # of another method, which nothing is counted of
            return None
        build = partial(untrained_deblurrer, header)
        described(build, given)
        what = ("given frame", header["params"], header["motion"], shape)
        return self._kept.of(what, lambda: frame_operations(build, partial(_on_frames, count=5, shape=shape)))

    def _with_flow(self, found: Found, network: NetworkParams, motion: str | None, shape: tuple[int, ...]) -> Found:
        """Add what a motion network that is not trained takes before each call."""
        if found is None or motion is None:
            return found
        return found.after(self._flow(motion, shape), 2 if network.compensate == "output-and-frames" else 1)

    def _flow(self, motion: str, shape: tuple[int, ...]) -> Operations:
        build, run = partial(self._motion_network, motion), partial(_on_frames, count=2, shape=shape)
        flow = self._kept.of(("flow", motion, self._training.width, shape), lambda: frame_operations(build, run))
        assert flow is not None  # frames are always counted
        return flow

    def _parts(self, name: str) -> tuple[NetworkParams, str | None]:
        row = self._study.deblur_row(name)
        assert row.network is not None
        return row.network, self._study.motion_row(row.motion).network

    def _motion_network(self, motion: str | None) -> MotionNetwork:
        return FlowNet2() if motion == "flownet2" else LiteFlowNet(self._training.width)

    def _deblurrer(self, network: NetworkParams, motion: str | None) -> VideoDeblurrer:
        return VideoDeblurrer(network, None if motion is None else self._motion_network(motion))


def _frame(width: int, height: int) -> tuple[int, ...]:
    return 1, 3, math.ceil(height / _PADDED) * _PADDED, math.ceil(width / _PADDED) * _PADDED


def _on_frames(network: Any, count: int, shape: tuple[int, ...]) -> object:
    return network(*(torch.zeros(shape) for _ in range(count)))


def _supervised(network: Any, batch: Any) -> Iterator[Tensor]:
    yield supervised_loss(network, batch)


def _warping(network: Any, batch: Any) -> Iterator[Tensor]:
    yield warping_loss(network, batch, _ONE_PAIR)


def _of_sequence(model: Any, batch: Any, recipe: Any) -> Iterator[Tensor]:
    return sequence_losses(model, batch, recipe)
