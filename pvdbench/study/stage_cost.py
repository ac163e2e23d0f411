"""What one stage of a study takes: hours measured here or counted, bytes of disk and of memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

from pvdbench.core.errors import DataError
from pvdbench.datasets.verify import read_splits
from pvdbench.io.cost import read_cost
from pvdbench.io.tables import MANIFEST, read_table
from pvdbench.study.machine_rates import MachineRates
from pvdbench.study.operations import Operations
from pvdbench.study.row_operations import RowOperations
from pvdbench.study.stage_times import StageTimes, stage_times
from pvdbench.study.study import Study

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
        self._study, self._rates, self._operations = study, rates, RowOperations(study)
        self._times: StageTimes = stage_times(study.data())

    def stage(self, name: str, *, done: bool) -> Stage:
        """Count or look up what the stage of this name takes."""
        kind, _, item = name.partition("@")
        pretrain = self._study.params.training.motion.pretrain
        counts: dict[str, Callable[[str], Stage]] = {
            "pretrain": lambda _: self._training("motion", "pretrained", pretrain.steps, self._operations.pretraining),
            "train-motion": self._train_motion,
            "train-deblur": self._train_deblur,
            "motion": partial(self._run, "motion"),
            "deblur": partial(self._run, "deblur"),
            "qualitative": partial(self._run, "deblur"),
        }
        found = counts[kind](item) if kind in counts else self._other(name, kind, item)
        return replace(found, name=name, done=done)

    def _train_motion(self, name: str) -> Stage:
        row = self._study.motion_row(name)
        if row.network is None or (finetune := row.finetune) is None:
            return _NOTHING
        steps = self._study.params.training.motion.finetune.steps
        return self._training("motion", name, steps, partial(self._operations.finetuning, name, finetune))

    def _train_deblur(self, name: str) -> Stage:
        kind = self._study.deblur_training(name)
        if kind == "competitor" and (own := self._study.recipe(name)) is not None:
            return self._training("deblur", name, own.steps, partial(self._operations.competitor, name, own))
        if kind != "pvdnet":
            return _NOTHING
        steps = self._study.sequence_recipe(name).steps
        return self._training("deblur", name, steps, partial(self._operations.deblurring, name))

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
        count = self._operations.flow if task == "motion" else self._operations.frame
        if not width or (frame := count(name, width, height)) is None:
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

    @cache  # noqa: B019  # a plan lives for one command
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
