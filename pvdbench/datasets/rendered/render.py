"""The sample data set: rendered as Su et al. (2017) made theirs, sub-frames averaged in linear light."""

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from pvdbench.datasets.params import Photograph, RenderParams
from pvdbench.datasets.rendered.photographs import encode
from pvdbench.datasets.rendered.scene import Scene, make_scene, shaky_path
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.flow import write_flow
from pvdbench.io.images import write_frame, write_mask
from pvdbench.io.tables import MANIFEST, write_table

Row = tuple[str, str, str, str, str, str | None, str | None, int, int]


def render_dataset(name: str, params: RenderParams, out: Path) -> None:
    """Write a data set in Su's layout with the true flow and occlusion of every frame but a clip's first.

    Su's quantitative_datasets/VIDEO/{input,GT}/00000.png, beside them VIDEO/flow/00001.flo, VIDEO/occlusion/00001.png
    (white: hidden in the frame before) and manifest.csv. The flow leads from sharp frame t to sharp frame t - 1.

    Args:
        name: shown beside the progress.
        out: replaced whole.

    Raises:
        WriteError: if the disk is full.
    """
    clips = [("train", i, params.train) for i in range(len(params.train))]
    clips += [("test", i, params.test) for i in range(len(params.test))]
    rows: list[Row] = []
    with replaced_folder(out) as folder:
        for split, i, names in tqdm(clips, f"render {name}", mininterval=1):
            rng = np.random.default_rng([params.seed, split == "test", i])  # a clip more changes no other
            scene = _film(rng, params, back=names[i], front=names[i - 1] if i else names[1 % len(names)])
            rows += _write_clip(folder, f"{split}-{i:02d}-{names[i]}", split, scene, params)
        write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)


def _film(rng: np.random.Generator, params: RenderParams, *, back: Photograph, front: Photograph) -> Scene:
    times = np.arange(params.frames * params.subframes) / params.subframes
    camera = shaky_path(rng, times, params.camera, params.bursts)
    moving = shaky_path(rng, times, params.foreground, params.bursts)
    return make_scene(rng, back, front, camera, moving, (params.height, params.width))


def _write_clip(folder: Path, video: str, split: str, scene: Scene, params: RenderParams) -> list[Row]:
    base = f"quantitative_datasets/{video}"
    for kind in ("input", "GT", "flow", "occlusion"):
        (folder / base / kind).mkdir(parents=True)
    rows: list[Row] = []
    for t in range(params.frames):
        blurry, sharp = f"{base}/input/{t:05d}.png", f"{base}/GT/{t:05d}.png"
        shots = scene.images(slice(t * params.subframes, (t + 1) * params.subframes))
        write_frame(folder / blurry, encode(shots.mean(0)))
        write_frame(folder / sharp, encode(shots[params.subframes // 2]))
        flow, occlusion = _write_truth(folder, base, t, scene, params) if t else (None, None)
        rows.append((video, split, f"{t:05d}", blurry, sharp, flow, occlusion, params.width, params.height))
    return rows


def _write_truth(folder: Path, base: str, t: int, scene: Scene, params: RenderParams) -> tuple[str, str]:
    flow, occlusion = f"{base}/flow/{t:05d}.flo", f"{base}/occlusion/{t:05d}.png"
    middle = t * params.subframes + params.subframes // 2
    vectors, hidden = scene.flow(middle, middle - params.subframes)
    write_flow(folder / flow, vectors.float().numpy())
    write_mask(folder / occlusion, hidden.numpy().astype(bool))
    return flow, occlusion
