"""Key `training` of params.yaml, and the recipes of Sec. 4.1 as the paper states and as the authors' code runs them."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pvdbench.core.params import StrictModel

_SHARED = {"steps": 600_000, "batch": 8, "crop": [256, 256], "sequence": 13, "learning_rate": 1e-4}

# the paper does not say how PVDNet's weights start; its authors' code does
SEQUENCE_PRESETS: dict[str, dict[str, Any]] = {
    "paper": _SHARED | {"loss": "l1", "optimiser": "adam", "decay_steps": [400_000], "decay": 0.25,
                        "windows": "random", "start": "xavier", "initial_state": "current"},
    # configs/config_PVDNet.py and models/trainers/trainer.py; cosine annealing is its default (run.py)
    "released": _SHARED | {"loss": "mse", "optimiser": "radam", "weight_decay": 0.01, "clip": 1.0,
                           "cosine": {"periods": [50_000, 100_000, 150_000, 150_000, 150_000], "minimum": 1e-7},
                           "windows": "fixed", "start": "xavier", "initial_state": "previous", "noise": 1e-4},
}  # fmt: skip

MOTION_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"steps": 200_000, "batch": 8, "crop": [256, 256], "learning_rate": 1e-4, "decay_steps": [100_000],
              "decay": 0.1},
    # the authors' script for BIMNet is not published; its masked loss is (models/trainers/trainer.py)
    "released": {"steps": 200_000, "batch": 8, "crop": [256, 256], "learning_rate": 1e-4, "decay_steps": [100_000],
                 "decay": 0.1, "masked": True},
}  # fmt: skip


Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Cosine(StrictModel):
    """Cosine annealing with restarts at full rate (Loshchilov and Hutter, ICLR 2017), as in the authors' code."""

    periods: Annotated[list[Count], Field(min_length=1)]  # updates between restarts
    minimum: Amount  # the rate at the end of each period
    weights: list[Positive] = Field(default=[])  # of the periods' full rates; 1 without them

    @model_validator(mode="after")
    def _as_many(self) -> "Cosine":
        if self.weights and len(self.weights) != len(self.periods):
            raise ValueError(f"{len(self.weights)} weights for {len(self.periods)} periods; give each period one")
        return self


_HOST_AND_PORT = r"^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$"
_LAST_PORT = 65535


class ProcessParams(StrictModel):
    """Key `processes`: how many processes share every batch; their number is part of the numbers, as they round."""

    nproc: Annotated[int, Field(ge=1, le=1024)] = 1  # on each machine; where there are cards, one for each process
    nnodes: Annotated[int, Field(ge=1, le=1024)] = 1  # machines; the same command is given on each of them
    rendezvous: Annotated[str, Field(pattern=_HOST_AND_PORT)] | None = None  # HOST:PORT of one of the machines

    @model_validator(mode="after")
    def _meet(self) -> "ProcessParams":
        if self.nnodes > 1 and self.rendezvous is None:
            raise ValueError(f"{self.nnodes} nodes need `rendezvous: HOST:PORT`, where they find each other; add it")
        if self.rendezvous is not None and not 0 < (port := int(self.rendezvous.rpartition(":")[2])) <= _LAST_PORT:
            raise ValueError(f"rendezvous: {port} is no port; name one from 1 to {_LAST_PORT}")
        return self

    @property
    def count(self) -> int:
        """On all machines together."""
        return self.nproc * self.nnodes


class Validation(StrictModel):
    """Clips of the training split that a run is measured on, not trained; the paper and its code have none."""

    clips: Annotated[list[str], Field(min_length=1)]  # by name
    every: Count  # updates between two measurements
    batches: Count = 8  # batches of their crops, the same ones each time
    keep: Literal["last", "best"] = "last"  # which weights the row goes on with; both stay in data/checkpoints


class Recipe(StrictModel):
    """How one network is trained; `preset: paper` and `preset: released` fill in what recipes.py says of the two."""

    steps: Count  # updates; for PVDNet one per frame of a sequence, as in Sec. 4.1
    batch: Count
    crop: Annotated[tuple[Count, Count], Field(strict=False)]  # height, width; YAML has lists only
    learning_rate: Positive
    decay_steps: list[Count] = Field(default=[])  # where the rate is multiplied by decay
    decay: Positive = 1.0
    cosine: Cosine | None = None  # in place of decay_steps
    power: Positive | None = None  # in place of both: the rate is multiplied by (1 - step / steps) ** power
    warmup: Annotated[int, Field(ge=0)] = 0  # steps over which the rate rises; ours, for short runs at a high rate
    optimiser: Literal["adam", "radam"] = "adam"  # (0.9, 0.999) both
    weight_decay: Amount = 0.0  # decoupled from the gradient
    clip: Positive | None = None  # largest norm of the gradient
    channels_last: bool = True  # faster on both kinds of device (docs/log.md)
    compile: bool = False  # by torch.compile
    workers: Annotated[int, Field(ge=0)] = 0  # processes that read frames
    processes: ProcessParams | None = Field(default=None, exclude=True)  # in place of `training.processes`
    validation: Validation | None = None
    # updates between checkpoints, 0 for none but at a signal; without it by time, some seconds to a minute
    checkpoint_every: Annotated[int, Field(ge=0)] | None = None


def _with_preset(keys: Any, presets: dict[str, dict[str, Any]]) -> Any:
    """Fill in the keys of the preset that are not given; the model refuses an unknown preset."""
    if not isinstance(keys, dict) or keys.get("preset") not in list(presets):  # a list compares what cannot be hashed
        return keys
    return presets[keys["preset"]] | keys


class MotionRecipe(Recipe):
    """Training of a motion network."""

    preset: Literal["paper", "released"] | None = None  # fills every key that is not given
    masked: bool = (
        False  # Eq. (1) and (2) leave out what the warp takes from beyond the frame, as the released code does
    )

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, keys: Any) -> Any:
        return _with_preset(keys, MOTION_PRESETS)


class SequenceRecipe(Recipe):
    """Training of PVDNet."""

    preset: Literal["paper", "released"] | None = None  # fills every key that is not given
    sequence: Annotated[int, Field(ge=2)]  # consecutive frames of a clip; 13 in the paper
    loss: Literal["l1", "mse"] = "l1"
    precision: Literal["float32", "bfloat16"] = "float32"  # only of PVDNet, by autocast; coordinates need float32
    windows: Literal["random", "fixed"] = "random"  # where sequences start; fixed: at multiples of their length
    start: Literal["identity", "xavier"] = (
        "identity"  # PVDNet's first weights; identity is ours, both presets say xavier
    )
    initial_state: Literal["current", "previous"] = "current"  # the past of a sequence's first frame
    noise: Amount = 0.0  # standard deviation, for values in [-1, 1]; each blurry frame gets it with probability 1/2

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, keys: Any) -> Any:
        return _with_preset(keys, SEQUENCE_PRESETS)


class MethodRecipe(Recipe):
    """Training of a method by its network.py; its method.yaml holds its authors' or the best-known recipe."""

    sequence: Count  # consecutive frames that the method's unroll gets
    loss: Literal["l1", "mse", "charbonnier"]
    flips: bool = False  # mirror each way and, where crops are square, transpose, each with probability 1/2


class MotionTraining(StrictModel):
    """Pre-training on true flow, in place of the LiteFlowNet authors' weights, and the fine-tunings from it."""

    width: Positive
    pretrain: MotionRecipe
    finetune: MotionRecipe


class TrainingParams(StrictModel):
    """All recipes of a study."""

    seed: Annotated[int, Field(ge=0, lt=2**63)]  # as large as torch takes it
    processes: ProcessParams = ProcessParams()  # of every recipe that names none
    motion: MotionTraining
    deblur: SequenceRecipe
