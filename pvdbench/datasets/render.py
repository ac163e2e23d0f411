"""The sample data set: rendered as Su et al. (2017) made theirs, sub-frames averaged in linear light."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from pvdbench.core.files import replaced_folder
from pvdbench.core.flow_files import write_flow
from pvdbench.core.images import write_frame
from pvdbench.core.records import MANIFEST, write_table
from pvdbench.datasets.camera import shaky_path
from pvdbench.datasets.params import RenderParams
from pvdbench.datasets.photographs import encode
from pvdbench.datasets.scene import Scene, make_scene

Row = tuple[str, str, str, str, str, str | None, str | None, int, int]


def render_dataset(name: str, params: RenderParams, out: Path) -> None:
    """Write a data set in Su's layout with the true flow and occlusion of every frame but a clip's first.

    Su's quantitative_datasets/VIDEO/{input,GT}/00000.png, and beside them VIDEO/flow/00001.flo, VIDEO/occlusion/00001.png
    (white: hidden in the frame before) and manifest.csv. The flow leads from sharp frame t to sharp frame t - 1.

    Args:
        name: shown beside the progress.
        out: replaced whole.

    Raises:
        ParamsError: if a photograph is not known.
        WriteError: if the disk is full.
    """
    clips = [("train", names, i) for names in (params.train,) for i in range(len(names))]
    clips += [("test", names, i) for names in (params.test,) for i in range(len(names))]
    rows: list[Row] = []
    with replaced_folder(out) as folder:
        for number, (split, names, i) in enumerate(tqdm(clips, f"render {name}", mininterval=1)):
            scene = _film(params, number, back=names[i], front=names[(i + 1) % len(names)])
            rows += _write_clip(folder, f"{split}-{i:02d}-{names[i]}", split, scene, params)
        write_table(folder / "manifest.csv", pd.DataFrame(rows, columns=list(MANIFEST)), MANIFEST)


def _film(params: RenderParams, number: int, *, back: str, front: str) -> Scene:
    rng = np.random.default_rng([params.seed, number])  # a clip more changes no other
    times = np.arange(params.frames * params.subframes) / params.subframes
    camera = shaky_path(rng, times, params.camera, params.bursts)
    moving = shaky_path(rng, times, params.foreground, params.bursts)
    return make_scene(rng, back, front, camera, moving, (params.height, params.width))


def _write_clip(folder: Path, video: str, split: str, scene: Scene, params: RenderParams) -> list[Row]:
    rows: list[Row] = []
    base = f"quantitative_datasets/{video}"
    for kind in ("input", "GT", "flow", "occlusion"):
        (folder / base / kind).mkdir(parents=True)
    for t in range(params.frames):
        start, middle = t * params.subframes, t * params.subframes + params.subframes // 2
        shots = scene.images(slice(start, start + params.subframes))
        blurry, sharp = f"{base}/input/{t:05d}.png", f"{base}/GT/{t:05d}.png"
        write_frame(folder / blurry, encode(shots.mean(0)))
        write_frame(folder / sharp, encode(shots[params.subframes // 2]))
        flow = occlusion = None
        if t:
            flow, occlusion = f"{base}/flow/{t:05d}.flo", f"{base}/occlusion/{t:05d}.png"
            vectors, hidden = scene.flow(middle, middle - params.subframes)
            write_flow(folder / flow, vectors.float().numpy())
            Image.fromarray(hidden.numpy().astype(np.uint8) * 255).save(folder / occlusion)
        rows.append((video, split, f"{t:05d}", blurry, sharp, flow, occlusion, params.width, params.height))
    return rows
