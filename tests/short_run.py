"""A short training of a narrow PVDNet for tests: in this process, or as a program that can be killed or shared."""

import sys
from pathlib import Path

import torch

from pvdbench.io.weights import save_weights
from pvdbench.networks.params import NetworkParams
from pvdbench.training import checkpoint
from pvdbench.training.deblur import train_deblurring
from pvdbench.training.distributed import SINGLE, Processes, joined_processes
from pvdbench.training.params import SequenceRecipe
from pvdbench.training.trainer import Trainer, TrainingResult

RECIPE = SequenceRecipe(steps=24, batch=2, crop=(32, 32), learning_rate=1e-3, sequence=3, decay_steps=[10], decay=0.5,
                        noise=0.01, checkpoint_every=6)  # fmt: skip
NETWORK = NetworkParams(volume="warp", width=0.0625, blocks=1)


def train(
    dataset: Path,
    out: Path,
    recipe: SequenceRecipe = RECIPE,
    network: NetworkParams = NETWORK,
    name: str = "w",
    processes: Processes = SINGLE,
) -> TrainingResult:
    """Write out/NAME, out/NAME.csv and, while it is half done, out/NAME-half."""
    static = out / f"static-{processes.rank}"  # one per process: none has to wait for another's
    save_weights(static, {}, {"network": None, "method": "static"})
    files = out / name, out / f"{name}.csv", out / f"{name}-half"
    return train_deblurring(network, recipe, static, Trainer(dataset, *files, 0, torch.device("cpu"), processes))


if __name__ == "__main__":  # DATASET OUT STEPS CHECKPOINT_EVERY, or "time": by time, all the time
    torch.set_num_threads(1)
    checkpoint._SECONDS, checkpoint._SHARE, checkpoint._RATE = 0.0, 1.0, float("inf")
    changed = {"steps": int(sys.argv[3]), "checkpoint_every": None if sys.argv[4] == "time" else int(sys.argv[4])}
    with joined_processes() as together:
        train(Path(sys.argv[1]), Path(sys.argv[2]), RECIPE.model_copy(update=changed), processes=together)
