"""What one stage of a study takes: hours measured here or counted, bytes of disk and of memory."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from pvdbench.core.errors import DataError, MethodError, PvdbenchError
from pvdbench.datasets.verify import read_splits
from pvdbench.io.cost import read_cost
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.io.weights import load_weights
from pvdbench.methods.loading import load_trainable
from pvdbench.networks.flownet2 import FlowNet2
from pvdbench.networks.from_weights import described
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.motion import MotionNetwork
from pvdbench.networks.params import DeblurRow, MotionRow
from pvdbench.networks.video_deblurrer import VideoDeblurrer, untrained_deblurrer
from pvdbench.study.machine_rates import MachineRates
from pvdbench.study.operations import Operations, frame_operations, update_operations
from pvdbench.study.stage_times import StageTimes, stage_times
from pvdbench.study.study import Study
from pvdbench.training.competitors import update_losses
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.motion_losses import supervised_loss, warping_loss
from pvdbench.training.params import MethodRecipe

PNG_BYTES = 1.5  # per pixel of a frame; 0.1 to 1.4 on the real clips of docs/log.md
FLOW_BYTES = 8.0  # per pixel: two float32
COUNTED, MEASURED, BY_RATE = "counted", "measured here", "this machine's rate"
_HOUR, _MEBIBYTE = 3600.0, 2**20
_PUBLISHED_SIZE = 1280, 720  # of su and nah, upright videos aside


@dataclass(frozen=True)
class Stage:
    """One stage of a study.

    Attributes:
        name: as `dvc repro` takes it.
        done: whether its outputs are there and up to date.
        hours: of computing; None where that is not known before it ran here.
        basis: what the hours come from: measured here, frames by this machine's rate, or counted operations.
        disk, memory: bytes.
    """

    name: str
    done: bool = False
    hours: float | None = None
    basis: str = ""
    disk: float = 0.0
    memory: float = 0.0


_UNKNOWN = Stage("", basis="not known before it ran here")
_NOTHING = Stage("", hours=0.0, basis="nothing to train")


class StageCosts:
    """Hours, disk and memory of a stage by its name."""

    def __init__(self, study: Study, rates: MachineRates) -> None:
        """Take a study and the rates of the machine that will run it."""
        self._study, self._rates = study, rates
        self._times: StageTimes = stage_times(study.data())

    def stage(self, name: str, *, done: bool) -> Stage:
        """Count or look up what the stage of this name takes."""
        kind, _, item = name.partition("@")
        counts: dict[str, Callable[[str], Stage]] = {
            "pretrain": lambda _: self._pretrain(),
            "train-motion": self._train_motion,
            "train-deblur": self._train_deblur,
            "motion": partial(self._run, "motion"),
            "deblur": partial(self._run, "deblur"),
            "qualitative": partial(self._run, "deblur"),
        }
        found = counts[kind](item) if kind in counts else self._other(name, kind, item)
        return replace(found, name=name, done=done)

    def _pretrain(self) -> Stage:
        training = self._study.params.training.motion
        count = partial(update_operations,
            lambda: LiteFlowNet(training.width), lambda network, batch: iter([supervised_loss(network, batch)]),  # type: ignore[arg-type]
            training.pretrain, 2)  # fmt: skip
        return self._training("motion", "pretrained", training.pretrain.steps, count)

    def _train_motion(self, name: str) -> Stage:
        row, training = self._study.motion_row(name), self._study.params.training.motion
        if row.network is None or (finetune := row.finetune) is None:
            return _NOTHING
        count = partial(update_operations,
            lambda: self._motion_network(row), lambda network, batch: iter([warping_loss(network, batch, finetune)]),  # type: ignore[arg-type]
            training.finetune, 2)  # fmt: skip
        return self._training("motion", name, training.finetune.steps, count)

    def _train_deblur(self, name: str) -> Stage:
        kind, row = self._study.deblur_training(name), self._study.deblur_row(name)
        if kind == "competitor" and (own := self._study.recipe(name)) is not None:
            return self._training("deblur", name, own.steps, partial(self._competitor_update, name, own))
        if kind != "pvdnet":
            return _NOTHING
        recipe = self._study.sequence_recipe(name)
        count = partial(update_operations,
            lambda: self._deblurrer(row), lambda model, batch: sequence_losses(model, batch, recipe),  # type: ignore[arg-type]
            recipe, recipe.sequence)  # fmt: skip
        return self._training("deblur", name, recipe.steps, count)

    def _competitor_update(self, name: str, recipe: MethodRecipe) -> Operations | None:
        label, options = self._study.deblur_row(name).method, self._study.options(name)
        method = load_trainable(self._study.place_of(label), label)
        assert method is not None  # it has a recipe
        try:
            return update_operations(
                lambda: method.build(options), lambda network, batch: update_losses(method, network, batch, recipe),
                recipe, recipe.sequence)  # fmt: skip
        except PvdbenchError:
            raise
        except Exception as error:  # it is the method's own code
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
            raise MethodError(f"{label}: an update of its network fails: {said}; run `pvdbench methods check {label}`"
                              ) from error  # fmt: skip

    def _training(self, task: str, name: str, steps: int, count: Callable[[], Operations | None]) -> Stage:
        cost = read_cost(self._study.data("cost", "train", task, f"{name}.json"))
        if cost.get("steps"):
            hours = cost["seconds"] / cost["steps"] * steps / _HOUR
            return Stage(name, hours=hours, basis=MEASURED, memory=(cost.get("peak_memory_mib") or 0.0) * _MEBIBYTE)
        if (update := count()) is None:
            return _UNKNOWN
        hours = self._rates.seconds(update.flops, steps, self._study.params.threads) / _HOUR
        return Stage(name, hours=hours, basis=COUNTED, disk=update.parameters * 4.0, memory=update.memory)

    def _run(self, task: str, item: str) -> Stage:
        dataset, name = self._parts(item)
        _, frames, width, height = self._size(dataset)
        disk = frames * width * height * (PNG_BYTES + (FLOW_BYTES if task == "motion" else 0.0))
        cost = read_cost(self._study.data("cost", task, dataset, f"{name}.json"))
        if cost.get("milliseconds_median"):
            per_frame = cost["seconds"] / cost["frames"] if cost.get("frames") else cost["milliseconds_median"] / 1000
            hours = per_frame * frames / _HOUR
            memory = (cost.get("peak_memory_mib") or 0.0) * _MEBIBYTE
            return Stage(item, hours=hours, basis=MEASURED, disk=disk, memory=memory)
        frame = self._frame(task, name, width, height)
        if frame is None:
            return replace(_UNKNOWN, disk=disk)
        files = self._rates.frames.get("files")
        seconds = self._rates.seconds(frame.flops, frames, self._study.params.threads)
        seconds += files.of(frames, width, height) if files else 0.0
        return Stage(item, hours=seconds / _HOUR, basis=COUNTED, disk=disk, memory=frame.memory)

    def _other(self, name: str, kind: str, item: str) -> Stage:
        """A stage that computes no network: what it took here, else its frames by this machine's rate."""
        if (seconds := self._times.taken(name)) is not None:
            return Stage(name, hours=seconds / _HOUR, basis=MEASURED)
        if (rate := self._rates.frames.get(kind)) is None:
            return Stage(name)
        clips, frames, width, height = self._size(item if kind in ("truth", "score-volume") else self._parts(item)[0])
        if kind == "score-volume":
            frames = min(frames, clips * self._study.params.protocols.volume.frames_per_video)
        hours = rate.of(frames, width, height) / _HOUR
        disk = 2 * frames * width * height * FLOW_BYTES if kind == "truth" else 0.0
        return Stage(name, hours=hours, basis=BY_RATE, disk=disk) if frames else _UNKNOWN

    def _parts(self, item: str) -> tuple[str, str]:
        """Data set and row of DATASET-ROW; the names of both may hold hyphens."""
        rows = {*self._study.params.motion, *self._study.params.deblur}
        pairs = [(name, item.removeprefix(f"{name}-")) for name in self._study.params.shown]
        return next(pair for pair in pairs if pair[1] in rows)

    def _frame(self, task: str, name: str, width: int, height: int) -> Operations | None:
        if not width:
            return None
        size = (1, 3, math.ceil(height / 4) * 4, math.ceil(width / 4) * 4)
        if task == "motion" and self._study.motion_row(name).network is not None:
            network = partial(self._motion_network, self._study.motion_row(name))
            return frame_operations(network, lambda net: net(torch.zeros(size), torch.zeros(size)))
        if task == "deblur" and (model := self._deblurring(self._study.deblur_row(name))) is not None:
            return frame_operations(model, lambda net: net(*(torch.zeros(size) for _ in range(5))))
        return None

    def _deblurring(self, row: DeblurRow) -> Callable[[], nn.Module] | None:
        """The row's network, as params.yaml describes it, else as its given weights do, if they are here."""
        if row.network is not None:
            return partial(self._deblurrer, row)
        given = self._study.given(row.weights)
        if given is None or not given.exists():
            return None
        header = load_weights(given)[1]
        if header.get("network") != "pvdnet":  # of another method, which nothing is counted of
            return None
        build = partial(untrained_deblurrer, header)
        described(build, given)
        return build

    def _size(self, dataset: str) -> tuple[int, int, int, int]:
        """Test clips, frames, width and height: of the manifest, else what data/splits.csv says of a published one."""
        manifest = self._study.dataset(dataset) / "manifest.csv"
        if manifest.exists():
            table = read_table(manifest, MANIFEST)
            test = table[table["split"] == "test"]
            return test["video"].nunique(), len(test), int(test["width"].max()), int(test["height"].max())
        try:
            videos = read_splits(self._study.dataset("splits.csv"), dataset.removesuffix("-linear"))
        except DataError:
            return 0, 0, 0, 0
        lengths = [len(video.frames) for video in videos.values() if video.split == "test"]
        return len(lengths), sum(lengths), *_PUBLISHED_SIZE

    def _motion_network(self, row: MotionRow) -> MotionNetwork:
        return FlowNet2() if row.network == "flownet2" else LiteFlowNet(self._study.params.training.motion.width)

    def _deblurrer(self, row: DeblurRow) -> nn.Module:
        motion = self._study.motion_row(row.motion)
        assert row.network is not None
        return VideoDeblurrer(row.network, None if motion.network is None else self._motion_network(motion))
