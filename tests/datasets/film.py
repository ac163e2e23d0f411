"""A tiny film: what the tests of real data sets write to disk in many layouts."""

import numpy as np
from PIL import Image


def film(blurry, sharp, names, *, ending=".png", size=(24, 40), seed=0):
    """A texture that moves two pixels a frame; blurry averages seven positions around the sharp one."""
    rng = np.random.default_rng(seed)
    h, w = size
    cells = max(w // 4 + 12, (w + 2 * len(names)) // 4 + 4)
    world = rng.random((h // 4, cells, 3)).repeat(4, 0).repeat(4, 1) * 255
    for folder in filter(None, (blurry, sharp)):
        folder.mkdir(parents=True, exist_ok=True)
    for t, name in enumerate(names):
        shots = [world[:h, 4 + 2 * t + d : 4 + 2 * t + d + w].astype(np.uint8) for d in range(-3, 4)]
        for folder, frame in ((blurry, np.mean(shots, 0).astype(np.uint8)), (sharp, shots[3])):
            if folder:
                Image.fromarray(frame).save(folder / f"{name}{ending}", quality=95)
