"""A small study that never ran: every file that tables, figures and report read, from seeded random numbers."""

import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.ndimage import gaussian_filter
from skimage import data as photographs

from pvdbench.io.cost import Complexity, write_complexity
from pvdbench.io.flow import write_flow
from pvdbench.io.images import to_bytes, write_frame
from pvdbench.io.tables import (
    MANIFEST,
    SCORE_KEYS,
    TRAINING_LOG,
    TRUTH,
    VOLUME_STATISTICS,
    write_table,
)
from pvdbench.scoring.registry import named_protocols, protocols
from pvdbench.scoring.score_file import score_table, write_score_file
from pvdbench.study.table_params import TableParams

ROOT = Path(__file__).parents[1]
MOTION = {
    "static": "no motion",
    "tvl1": "TVL1",
    "liteflownet": "LiteFlowNet",
    "liteflownet-ss": "LiteFlowNet_SS",
    "liteflownet-all": "LiteFlowNet_ALL",
    "bimnet": "BIMNet_LFN",
}
DEBLUR = {
    "input": "input",
    "baseline": "baseline",
    "mc": "MC",
    "bimc": "BIMC",
    "mc-pv": "MC+PV",
    "mc-e2e-pv": "MC_e2e+PV",
    "bimc-pv": "BIMC+PV",
}
PROTOCOLS = (
    "koehler", "koehler-subpixel", "su-30", "plain-rgb", "eval-py", "luma-y", "crop-4", "matlab-ssim",
    "step-crop", "step-gain", "step-shift",
)  # fmt: skip
RANKING = "plain-rgb"
SIZES = {"small": "Small", "baseline": "Medium", "small-mc": "Small+MC", "bimc-pv": "Medium+MC"}
PARAMS = {
    "protocol": "koehler",
    "about": {"sample": "rendered"},
    "table1": MOTION,
    "table2": DEBLUR,
    "table3": SIZES,
    "lens": {"row": "bimc-pv"},
    "figures": {
        "flow": {"rows": list(MOTION)[1:], "better": "bimnet", "worse": "liteflownet", "count": 2},
        "deblur": {"rows": list(DEBLUR), "better": "bimc-pv", "worse": "input", "count": 1},
        "bins": 4,
    },
}
TABLE_PARAMS = TableParams.model_validate(PARAMS)
_QUALITY = {name: gain for gain, name in enumerate([*DEBLUR, "small", "small-mc"])}


@dataclass(frozen=True)
class FakeStudy:
    """Where it lies; study and root are one folder, as in the default study."""

    root: Path
    dataset: str
    videos: tuple[str, ...]
    frames: tuple[str, ...]


@pytest.fixture(scope="session")
def fake(tmp_path_factory):
    """One fake study for all tests of a folder; its reports may be there or not."""
    return make_fake_study(tmp_path_factory.mktemp("fake") / "study")


@pytest.fixture
def own(fake, tmp_path):
    """A copy without reports, for a test that changes it."""
    root = shutil.copytree(fake.root, tmp_path / "study", ignore=shutil.ignore_patterns("reports"))
    return replace(fake, root=root)


def make_fake_study(root: Path, *, videos: int = 3, frames: int = 8, width: int = 48, height: int = 32) -> FakeStudy:
    """Write a study's data below root, a new folder, and commit it to Git."""
    fake = FakeStudy(root, "sample", tuple(f"clip{i}" for i in range(videos)), tuple(f"{t:05d}" for t in range(frames)))
    rng = np.random.default_rng(7)
    shutil.copytree(ROOT / "data" / "published", root / "data" / "published")
    (root / "params.yaml").write_text(yaml.safe_dump({"root": ".", "training": {"seed": 11}, "tables": PARAMS}))
    blurriness = {(v, t): float(rng.uniform(18, 38)) for v in fake.videos for t in fake.frames}
    _write_frames(fake, width, height, blurriness, rng)
    _write_scores(fake, blurriness, rng)
    _write_costs(fake, width, height)
    _write_training(root / "data" / "training", rng)
    (root / ".gitignore").write_text("data\nreports\n")
    commit(root)
    return fake


def commit(root: Path) -> None:
    """Commit everything below root that Git does not ignore."""
    git = ["git", "-C", str(root), "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "study"], check=True)


def _write_frames(fake, width, height, blurriness, rng):
    folder = fake.root / "data" / fake.dataset
    rows = []
    for number, video in enumerate(fake.videos):
        photograph = (photographs.coffee(), photographs.astronaut(), photographs.rocket())[number % 3] / 255.0
        for t, frame in enumerate(fake.frames):
            top, left = 40 + 3 * t, 30 + 4 * t
            sharp = photograph[top : top + height, left : left + width]
            blurry = gaussian_filter(
                sharp, ((40 - blurriness[video, frame]) / 9, (40 - blurriness[video, frame]) / 5, 0)
            )
            motion = np.full((height, width, 2), (-4, -3), np.float32)
            for name, image in (("blurry", blurry), ("sharp", sharp)):
                (folder / video / name).mkdir(parents=True, exist_ok=True)
                write_frame(folder / video / name / f"{frame}.png", to_bytes(image))
            write_flow(folder / video / f"{frame}.flo", motion)
            flow = f"{video}/{frame}.flo" if t else ""
            rows.append(("test", video, frame, f"{video}/blurry/{frame}.png", f"{video}/sharp/{frame}.png", flow))
            _write_estimates(fake, video, frame, sharp, blurry, motion, rng)
    table = pd.DataFrame(rows, columns=["split", "video", "frame", "blurry", "sharp", "flow"])
    write_table(folder / "manifest.csv", table.assign(occlusion="", width=width, height=height), MANIFEST)


def _write_estimates(fake, video, frame, sharp, blurry, motion, rng):
    for name in DEBLUR:
        share = _QUALITY[name] / 8
        path = fake.root / "data" / "deblur" / fake.dataset / name / video / f"{frame}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frame(path, to_bytes(share * sharp + (1 - share) * blurry))
    for number, name in enumerate(MOTION):
        path = fake.root / "data" / "motion" / fake.dataset / name / video / f"{frame}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        error = gaussian_filter(rng.normal(0, 60 / (number + 1), motion.shape), (8, 8, 0)).astype(np.float32)
        write_flow(path.with_suffix(".flo"), motion * (name != "static") + error * (name != "static"))
        write_frame(path, to_bytes(np.roll(sharp, 6 - number, axis=1)))


def _write_scores(fake, blurriness, rng):
    scores = fake.root / "data" / "scores"
    for task, names in (("deblur", _QUALITY), ("motion", MOTION)):
        chosen = named_protocols(["all"], task)
        for number, name in enumerate(names):
            rows = _scores(fake, task, name, number, blurriness, rng)
            rows = [_given(row) for row in rows]
            rows += _temporal(fake, name, rng) if task == "deblur" else _endpoint(fake, name, number)
            write_score_file(scores / task / fake.dataset / f"{name}.csv", score_table(rows, chosen))
    truth = [(video, frame, blurriness[video, frame], 33.0 + number if frame != fake.frames[0] else np.nan)
             for number, video in enumerate(fake.videos) for frame in fake.frames]  # fmt: skip
    table = pd.DataFrame(truth, columns=list(TRUTH))
    table.loc[table["video"] == fake.videos[-1], "warping_error_db"] = np.nan
    write_table(fake.root / "data" / "truth" / fake.dataset / "truth.csv", table, TRUTH)
    quantities = pd.read_csv(ROOT / "data" / "published" / "sec44.csv").query("unit == 'percent'")
    counts = [(fake.dataset, video, quantity, int(rng.integers(50, 100)), 100)
              for quantity in quantities["quantity"] for video in fake.videos]  # fmt: skip
    write_table(
        scores / "volume" / f"{fake.dataset}.csv", pd.DataFrame(counts, columns=VOLUME_STATISTICS), VOLUME_STATISTICS
    )


def _keys(fake, task, name, video, frame, protocol, counted=True):
    return {"dataset": fake.dataset, "method": name, "task": task, "video": video, "frame": frame,
            "protocol": protocol, "counted": counted}  # fmt: skip


def _given(row):
    """A row with the metrics that its protocol gives, and no others."""
    names = {metric.name for metric in protocols()[row["protocol"]].metrics}
    return {key: value for key, value in row.items() if key in SCORE_KEYS or key in names}


def _scores(fake, task, name, number, blurriness, rng):
    return [
        {
            **_keys(fake, task, name, video, frame, protocol,
                    not protocol.startswith(("koehler", "su")) or frame != fake.frames[0]),
            "psnr_db": 0.7 * blurriness[video, frame] + 8 + 0.6 * number + 0.2 * place + rng.normal(0, 0.8),
            "ssim": np.nan if protocol.startswith("step") else rng.uniform(0.7, 0.95),
            "shift_y": 0, "shift_x": 0, "gain": 1.0,
        }
        for video in fake.videos for frame in fake.frames[task == "motion":] for place, protocol in enumerate(PROTOCOLS)
    ]  # fmt: skip


def _endpoint(fake, name, number):
    drawn = np.random.default_rng(number).uniform((0.5, 0.3), (3, 2), (len(fake.videos), len(fake.frames), 2))
    return [
        {**_keys(fake, "motion", name, video, frame, "endpoint"), "epe_px": drawn[i, j][0],
         "epe_visible_px": drawn[i, j][1]}
        for i, video in enumerate(fake.videos) for j, frame in enumerate(fake.frames) if j
    ]  # fmt: skip


def _temporal(fake, name, rng):
    """The last video's sharp flow is unknown."""
    return [
        {**_keys(fake, "deblur", name, video, frame, "temporal"),
         "warping_error_db": rng.uniform(28, 32) if video != fake.videos[-1] else np.nan,
         "tof_px": rng.uniform(0.1, 0.5)}
        for video in fake.videos for frame in fake.frames[1:]
    ]  # fmt: skip


def _write_costs(fake, width, height):
    facts = {"seconds": 12.5, "peak_memory_mib": 512.0, "hardware": "Test processor, 2 cores"}
    run = facts | {"milliseconds_median": 20.0, "frames": 24, "threads": 2}
    parameters = {"deblur": 321_000, "motion": 45_600}
    rows = {f"deblur/{fake.dataset}/{name}": parameters if "pv" in name or "mc" in name else
            {"deblur": 321_000} if name != "input" else {} for name in _QUALITY}  # fmt: skip
    rows |= {f"motion/{fake.dataset}/{name}": {} for name in MOTION}
    for path, parts in rows.items():
        complexity = Complexity(parts, None, width, height)
        write_complexity(fake.root / "data" / "complexity" / f"{path}.json", complexity)
    costs = dict.fromkeys(rows, run)
    costs |= {f"train/deblur/{name}": facts | {"steps": 300} for name in _QUALITY if name != "input"}
    for path, cost in costs.items():
        _write_json(fake.root / "data" / "cost" / f"{path}.json", cost | {"stage": path.replace("/", " ")})
    _write_json(fake.root / "data" / "rendering" / f"{fake.dataset}.json", facts | {"stage": f"render {fake.dataset}"})


def _write_json(path, facts):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))


def _write_training(folder, rng):
    logs = {"motion": ["pretrained", *list(MOTION)[3:]], "deblur": [name for name in _QUALITY if name != "input"]}
    for task, names in logs.items():
        for number, name in enumerate(names):
            steps = np.arange(0, 300)
            loss = np.exp(-steps / (60 + 5 * number)) + 0.1 + 0.02 * number + np.abs(rng.normal(0, 0.05, steps.size))
            log = pd.DataFrame({"step": steps, "loss": loss, "learning_rate": 1e-4, "validation_loss": float("nan")})
            write_table(folder / task / f"{name}.csv", log, TRAINING_LOG)
