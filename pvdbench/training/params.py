"""Key `training` of params.yaml: the recipes of Sec. 4.1."""

from typing import Annotated

from pydantic import Field

from pvdbench.core.params import StrictModel


class Recipe(StrictModel):
    """One training run by Adam (0.9, 0.999)."""

    steps: int  # updates; for PVDNet an update is one frame of a sequence, as in Sec. 4.1
    batch: int
    crop: Annotated[tuple[int, int], Field(strict=False)]  # height, width; YAML has lists only
    learning_rate: float
    decay_steps: list[int]  # where the rate is multiplied by decay
    decay: float
    warmup: int = 0  # steps over which the rate rises to learning_rate; ours, for short runs at a high rate
    workers: int = 0  # processes that read frames


class SequenceRecipe(Recipe):
    """Training of PVDNet."""

    sequence: int  # consecutive frames of a clip; 13 in the paper


class MotionTraining(StrictModel):
    """Pre-training on true flow, in place of the LiteFlowNet authors' weights, and the fine-tunings from it."""

    width: float
    pretrain: Recipe
    finetune: Recipe


class TrainingParams(StrictModel):
    """All recipes of a study."""

    seed: int
    motion: MotionTraining
    deblur: SequenceRecipe
