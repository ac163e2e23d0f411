"""Key `training` of params.yaml: the recipes of Sec. 4.1."""

from typing import Annotated

from pydantic import Field

from pvdbench.core.params import StrictModel

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Recipe(StrictModel):
    """One training run by Adam (0.9, 0.999)."""

    steps: Count  # updates; for PVDNet an update is one frame of a sequence, as in Sec. 4.1
    batch: Count
    crop: Annotated[tuple[Count, Count], Field(strict=False)]  # height, width; YAML has lists only
    learning_rate: Positive
    decay_steps: list[Count]  # where the rate is multiplied by decay
    decay: Positive
    warmup: Annotated[int, Field(ge=0)] = (
        0  # steps over which the rate rises to learning_rate; ours, for short runs at a high rate
    )
    workers: Annotated[int, Field(ge=0)] = 0  # processes that read frames


class SequenceRecipe(Recipe):
    """Training of PVDNet."""

    sequence: Annotated[int, Field(ge=2)]  # consecutive frames of a clip; 13 in the paper


class MotionTraining(StrictModel):
    """Pre-training on true flow, in place of the LiteFlowNet authors' weights, and the fine-tunings from it."""

    width: Positive
    pretrain: Recipe
    finetune: Recipe


class TrainingParams(StrictModel):
    """All recipes of a study."""

    seed: Annotated[int, Field(ge=0)]
    motion: MotionTraining
    deblur: SequenceRecipe
