"""Measure a graphics card: recurrent frames, training updates, peak memory, as tables for docs/log.md: `make gpu`."""

import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import torch
import yaml
from recorded import pour
from torch import Tensor

from pvdbench.bench.training_rates import Rate, training_rates
from pvdbench.inference.precision import in_precision
from pvdbench.networks.graphed import graphed
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.recurrence import deblur_frames
from pvdbench.networks.transfers import downloaded, uploaded
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.params import MotionRecipe, SequenceRecipe

UPDATES = 600_000  # of PVDNet in Sec. 4.1
WARM = 4  # frames before those that are timed
ENOUGH = 300  # seconds after which nothing more is compiled, so that all ends within eight minutes
PLAIN, FAST = "straightforward, float32", "channels_last, bfloat16, TF32"
Step = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def main() -> None:
    start, device = time.perf_counter(), torch.device("cuda")
    say(f"On {torch.cuda.get_device_name(device)}, Python {platform.python_version()}, torch {torch.__version__}.\n")
    frame_table(recorded_model(), smooth_clip(24, (720, 1280)), device)
    sizes = {"preset": "paper", "batch": 8, "crop": [256, 256]}
    update_table({PLAIN: sizes, FAST: sizes | OPTIONS}, width=1.0, updates=50, device=device)
    study_estimate(Path("params.yaml"), updates=50, device=device)
    if time.perf_counter() - start < ENOUGH:
        update_table({f"{FAST}, compile": sizes | OPTIONS | {"compile": True}}, width=1.0, updates=50, device=device)
    say(f"Measured in {time.perf_counter() - start:.0f} s.")


OPTIONS = {"precision": "bfloat16", "channels_last": True}


def say(line: str) -> None:
    print(line, flush=True)


def allow_tf32(allowed: bool) -> None:
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cudnn.benchmark = allowed


def smooth_clip(frames: int, size: tuple[int, int]) -> list[Tensor]:
    """Coarse noise that moves three pixels right a frame."""
    h, w = size
    coarse = torch.rand(1, 3, h // 16 + 2, w // 16 + 2, generator=torch.Generator().manual_seed(0))
    whole = torch.nn.functional.interpolate(coarse, size=(h, w + 3 * frames), mode="bicubic").clamp(0, 1)[0]
    return [whole[:, :, 3 * t : 3 * t + w].contiguous() for t in range(frames)]


def recorded_model() -> VideoDeblurrer:
    """The paper's networks with the weights of the authors' recorded run."""
    model = VideoDeblurrer(NetworkParams(volume="gray"), LiteFlowNet())
    pour(model.motion, "BIMNet.")
    pour(model.deblur, "PVDNet.")
    return model


def frame_table(model: VideoDeblurrer, clip: Sequence[Tensor], device: torch.device) -> None:
    """The recurrent frame; each line beside the first one's frames."""
    say("| recurrent frame | ms | frames/s | ratio | memory (GiB) | PSNR to the first line (dB) |")
    say("| --- | ---: | ---: | ---: | ---: | ---: |")
    model = model.to(device).eval()
    allow_tf32(False)
    operators = patch("pvdbench.networks.kernels._can_build", lambda device: False)
    first: tuple[float, list[Tensor]] | None = None
    for label, run, context in runs(model, clip, device, operators):
        reset_peak(device)
        with torch.inference_mode(), context:
            seconds, frames = timed(run())
        first = first or (seconds, frames)
        apart = float((torch.stack(frames) - torch.stack(first[1])).square().mean())
        say(f"| {label} | {1000 * seconds:.1f} | {1 / seconds:.1f} | {first[0] / seconds:.2f} | {peak(device)} "
            f"| {-10 * torch.tensor(apart).log10():.1f} |")  # fmt: skip
    allow_tf32(False)
    say("")


def runs(model: VideoDeblurrer, clip: Sequence[Tensor], device: torch.device, operators: object) -> Iterator[tuple]:
    """Each line's name, what yields its frames, and what it runs under."""
    yield PLAIN, lambda: straightforward(model, clip, device), operators
    yield "Triton's kernels", lambda: straightforward(model, clip, device), nullcontext()
    yield "+ transfers, frames encoded once", lambda: deblur_frames(model, clip, device), nullcontext()
    if device.type == "cuda":
        yield "+ graph", lambda: recurrence(recorded_step(model, clip, device), clip, device), nullcontext()
    model.to(memory_format=torch.channels_last)
    allow_tf32(True)

    def fast(*frames: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            return model(*frames).float()

    yield f"{FAST}, without graph", lambda: recurrence(fast, clip, device), nullcontext()
    yield FAST, lambda: in_precision(deblur_frames(model, clip, device), "bfloat16"), nullcontext()


def straightforward(model: VideoDeblurrer, clip: Sequence[Tensor], device: torch.device) -> Iterator[Tensor]:
    """One frame after the other, each copied when it is needed; sides are multiples of 4."""
    previous = current = state = clip[0][None].to(device) * 2 - 1
    for t in range(len(clip)):
        following = clip[t + 1][None].to(device) * 2 - 1 if t + 1 < len(clip) else current
        state = model(previous, current, following, state)
        yield ((state[0] + 1) / 2).clamp(0, 1).cpu()
        previous, current = current, following


def recorded_step(step: Step, clip: Sequence[Tensor], device: torch.device) -> Step:
    frame = clip[0][None].to(device)
    return graphed(step, frame, frame, frame, frame)


def recurrence(step: Step, clip: Sequence[Tensor], device: torch.device) -> Iterator[Tensor]:
    """As deblur_frames, with copies beside the computation; sides are multiples of 4."""

    def outputs() -> Iterator[Tensor]:
        frames = (frame[None] * 2 - 1 for frame in uploaded(clip, device))
        previous = current = state = next(frames)
        for _ in clip:
            following = next(frames, current)
            state = step(previous, current, following, state)
            yield ((state[0] + 1) / 2).clamp(0, 1)
            previous, current = current, following

    return downloaded(outputs(), device)


def timed(frames: Iterator[Tensor]) -> tuple[float, list[Tensor]]:
    """Seconds per frame after the first ones, and all frames."""
    seen = [next(frames) for _ in range(WARM)]
    start = time.perf_counter()
    seen += frames
    return (time.perf_counter() - start) / (len(seen) - WARM), [frame.clone() for frame in seen]


def reset_peak(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def peak(device: torch.device) -> str:
    return f"{torch.cuda.max_memory_allocated(device) / 2**30:.2f}" if device.type == "cuda" else "not measured"


def update_table(lines: dict[str, dict], *, width: float, updates: int, device: torch.device) -> None:
    """Updates of each recipe's batch; hours for the paper's number of PVDNet's updates."""
    say(f"| training update | options | updates/s | hours of {UPDATES:,} | memory (GiB) |")
    say("| --- | --- | ---: | ---: | ---: |")
    for label, keys in lines.items():
        allow_tf32(label != PLAIN)
        reset_peak(device)
        of_pvdnet = {"precision", "sequence"}
        motion = MotionRecipe.model_validate({key: value for key, value in keys.items() if key not in of_pvdnet})
        rates = training_rates(motion, SequenceRecipe.model_validate(keys), width=width, updates=updates, device=device)
        for rate in rates:
            hours = UPDATES / rate.updates_per_second / 3600
            say(f"| {rate.network} | {label} | {rate.updates_per_second:.2f} | {hours:.1f} | {rate.memory_gib:.1f} |")
    allow_tf32(False)
    say("")


def study_estimate(params: Path, *, updates: int, device: torch.device, width: float = 1.0) -> None:
    """What the trainings of a study would take at full width: measured rates times its numbers of updates."""
    study = yaml.safe_load(params.read_text(encoding="utf-8"))
    recipes, options = study["training"], {"channels_last": True}
    deblur = SequenceRecipe.model_validate(recipes["deblur"] | OPTIONS)

    def rates(recipe: MotionRecipe) -> list[Rate]:
        return training_rates(recipe, deblur, width=width, updates=updates, device=device)

    motion = [MotionRecipe.model_validate(recipes["motion"][name] | options) for name in ("pretrain", "finetune")]
    allow_tf32(True)
    (first, _), (later, network) = (rates(recipe) for recipe in motion)
    allow_tf32(False)
    tuned = sum("finetune" in row for row in study["motion"].values())
    deblurred = sum("network" in row for row in study["deblur"].values())
    hours = first.hours + tuned * later.hours + deblurred * network.hours
    speeds = ", ".join(f"{rate.updates_per_second:.1f}" for rate in (first, later, network))
    say(f"The default study at width {width:g}, {FAST}: {60 * hours:.1f} minutes for {motion[0].steps} updates of "
        f"LiteFlowNet, {tuned} fine-tunings of {motion[1].steps} and {deblurred} rows of PVDNet of {deblur.steps}: "
        f"computed from rates measured at its batches ({speeds} updates/s), not run. The other methods' trainings, "
        "frames and scores are not in it.\n")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
