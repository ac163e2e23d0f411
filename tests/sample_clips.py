"""Small frames, clips, pairs and videos that the tests of tests/cases make: a texture that moves to the left."""

from pathlib import Path

import av
import numpy as np
from PIL import Image

_TEXTURE = np.random.default_rng(0).integers(0, 256, (32, 300, 3), np.uint8).repeat(4, 0).repeat(4, 1)  # 128 x 1200


def view(x, height=48, width=64):
    """The frame whose left edge is at x of the texture; no two are alike."""
    return np.ascontiguousarray(_TEXTURE[:height, x : x + width])


def save(path, frame, **options):
    """Write a frame, grey or RGB, as the format of its ending; options are Pillow's."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(path, **options)
    return path


def clip(folder, names, height=48, width=64, ending=".png"):
    """Frame t under names[t]: the view at 3 t."""
    for t, name in enumerate(names):
        save(Path(folder) / f"{name}{ending}", view(3 * t, height, width))
    return Path(folder)


def pair(blurry, sharp, names, height=48, width=64, ending=".png"):
    """Blurry frames, the mean of seven views, and their sharp ones, the middle view; sharp=None for none."""
    for t, name in enumerate(names):
        views = [view(8 + 2 * t + shift, height, width) for shift in range(-3, 4)]
        save(Path(blurry) / f"{name}{ending}", np.mean(views, 0).astype(np.uint8))
        if sharp:
            save(Path(sharp) / f"{name}{ending}", views[3])


def video(path, frames, codec="libx264", pixels="yuv420p", rate=25, options=None):
    """Write frames as a video of equal times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return Path(path)


def seen(path):
    """Of every frame of a video: its mean byte and its time in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [(round(float(frame.to_ndarray(format="rgb24").mean())), frame.time) for frame in frames]
