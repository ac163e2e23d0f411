"""Make blurry and sharp pairs from a high-frame-rate video, as Su et al. and Nah et al. made theirs."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from skimage.registration import optical_flow_tvl1
from torch import Tensor
from tqdm import tqdm

from pvdbench.core.errors import DataError, ParamsError
from pvdbench.core.notice import notice
from pvdbench.core.warp import backward_warp
from pvdbench.datasets.camera_response import Response
from pvdbench.io.images import Frame, write_frame
from pvdbench.io.owned import check_folder, owned_folder
from pvdbench.io.tables import BLUR, write_table
from pvdbench.io.video.film import Film

Light = NDArray[np.float32]

_GREEN = 1  # the flow is of the green channel, the least noisy one of a Bayer sensor


def frames_between(first: Frame, second: Frame, light: tuple[Light, Light], count: int) -> Iterator[Light]:
    """Interpolate equally spaced moments between two frames.

    The flow f leads from first to second (TV-L1 of Zach et al. 2007, scikit-image's defaults). At moment s of (0, 1),
    first is sampled at p - s f(p) and second at p + (1 - s) f(p), blended with weights 1 - s and s; f is taken at p
    itself, which is exact where it is smooth and soft at the edges of objects.

    Args:
        first, second: (H, W, 3) bytes.
        light: the same two in linear light, in which they are blended.
        count: how many moments.

    Yields: (H, W, 3) linear light.
    """
    flow = _flow(first, second)
    images = [torch.from_numpy(image).permute(2, 0, 1)[None] for image in light]
    for i in range(1, count + 1):
        s = i / (count + 1)
        early = backward_warp(images[0], -s * flow, beyond="border")
        late = backward_warp(images[1], (1 - s) * flow, beyond="border")
        yield ((1 - s) * early + s * late)[0].permute(1, 2, 0).numpy()


def _flow(first: Frame, second: Frame) -> Tensor:
    """Estimate the flow, (1, 2, H, W), (x, y) in pixels."""
    one, other = (frame[..., _GREEN].astype(np.float32) / 255 for frame in (first, second))
    rows, columns = optical_flow_tvl1(one, other, dtype=np.float32)  # type: ignore[no-untyped-call]
    return torch.from_numpy(np.stack((columns, rows)))[None]


_COMMAND = "datasets synthesize"
_DIGITS = 5  # of the frames' names, at least
_UNEQUAL = 1.5  # times the usual step from frame to frame: a frame is missing
_SHORTEST = 3  # frames; the average of one is no blur


@dataclass(frozen=True)
class Exposure:
    """How frames become one blurry frame.

    window: frames that are averaged, odd, so that a middle one exists: the truth. stride: frames from one window's
    start to the next one's. interpolate: frames made between each two of a window. scale: of the sides, at most 1.
    """

    window: int
    stride: int
    interpolate: int
    scale: float


@dataclass(frozen=True)
class _Moment:
    frame: Frame
    light: NDArray[np.float32]
    between: NDArray[np.float32] | None  # the sum of what lies between this frame and the one before it


def synthesize(
    video: Path,
    out: Path,
    exposure: Exposure,
    response: Response,
    *,
    overwrite: bool = False,
    allow_damaged: bool = False,
) -> pd.DataFrame:
    """Write out/{blur,sharp}/00000.png and on, and out/blur.csv; whole or not at all.

    Frames are averaged in linear light and encoded by the same response. At most window frames are in memory.

    Args:
        out: a folder; what is there is replaced if pvdbench wrote it.
        overwrite: replace it whoever wrote it, but for the video itself.
        allow_damaged: of a damaged video, take the frames that can be read, with a notice.

    Returns: one row per frame, `frame` and `input_psnr_db`: RGB PSNR of blurry against sharp, inf where they are equal.
    Raises:
        ParamsError: if the window is even or too short, or another number makes no exposure.
        DataError: if the video is unreadable, damaged or shorter than the window, or out holds what is not ours.
        WriteError: if the disk is full.
    """
    _check(exposure)
    check_folder(out, [video], _COMMAND, overwrite=overwrite)
    film = Film(video, allow_damaged=allow_damaged)
    film.say_what_frames_lose()
    _say_if_unequal(film)
    with owned_folder(out, _COMMAND) as folder:
        digits = max(_DIGITS, len(str(len(film) // exposure.stride)))
        rows = [_write(folder, f"{t:0{digits}d}", *pair) for t, pair in enumerate(_pairs(film, exposure, response))]
        if not rows:
            raise DataError(f"{video}: it has fewer frames than the {exposure.window} of one window; "
                            "lower --window or take a longer video")  # fmt: skip
        report = pd.DataFrame(rows, columns=list(BLUR))
        write_table(folder / "blur.csv", report, BLUR)
    return report


def summary(report: pd.DataFrame) -> str:
    """Say in a line how blurry the frames are."""
    values = report["input_psnr_db"]
    return (f"{len(report)} frames, input PSNR median {values.median():.2f} dB, "
            f"{values.min():.2f} to {values.max():.2f}")  # fmt: skip


def _say_if_unequal(film: Film) -> None:
    steps = np.diff(np.asarray(film.ticks))
    if len(steps) and steps.max() > _UNEQUAL * np.median(steps):
        notice(f"{film.path}: its frames do not come at equal times; they are averaged as if they did")


def _check(exposure: Exposure) -> None:
    if exposure.window % 2 == 0 or exposure.window < _SHORTEST:
        odd = max(_SHORTEST, exposure.window + 1 - exposure.window % 2)
        raise ParamsError(f"window: {exposure.window} is no odd number from {_SHORTEST}, so that no middle frame can "
                          f"be the truth; take {odd}")  # fmt: skip
    if exposure.stride < 1 or exposure.interpolate < 0 or not 0 < exposure.scale <= 1:  # NaN is neither
        raise ParamsError(f"{exposure}: choose a stride from 1, interpolated frames from 0 and a scale in (0, 1]")


def _pairs(film: Film, exposure: Exposure, response: Response) -> Iterator[tuple[Frame, Frame]]:
    """Yield (blurry, sharp) of every whole window."""
    window: deque[_Moment] = deque(maxlen=exposure.window)
    frames = tqdm(film.frames(), f"synthesize {film.path.name}", len(film), mininterval=1)
    for t, frame in enumerate(_scaled(frame, exposure.scale) for frame in frames):
        window.append(_moment(frame, window[-1] if window else None, t, exposure, response))
        start = t - exposure.window + 1
        if start >= 0 and start % exposure.stride == 0:
            yield _average(window, exposure, response), window[exposure.window // 2].frame


def _moment(frame: Frame, before: _Moment | None, t: int, exposure: Exposure, response: Response) -> _Moment:
    light = response.to_linear(frame)
    inside = (t - 1) % exposure.stride + 1 < exposure.window  # of the latest window that starts before t
    if before is None or not exposure.interpolate or not inside:
        return _Moment(frame, light, None)
    made = frames_between(before.frame, frame, (before.light, light), exposure.interpolate)
    return _Moment(frame, light, np.sum(list(made), axis=0))


def _average(window: deque[_Moment], exposure: Exposure, response: Response) -> Frame:
    total = np.sum([moment.light for moment in window], axis=0)
    for moment in list(window)[1:]:
        if moment.between is not None:
            total += moment.between
    return response.to_frame(total / (exposure.window + (exposure.window - 1) * exposure.interpolate))


def _scaled(frame: Frame, scale: float) -> Frame:
    if scale == 1:
        return frame
    height, width = (max(1, round(side * scale)) for side in frame.shape[:2])
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BOX))


def _write(folder: Path, name: str, blurry: Frame, sharp: Frame) -> tuple[str, float]:
    for kind, frame in (("blur", blurry), ("sharp", sharp)):
        folder.joinpath(kind).mkdir(exist_ok=True)
        write_frame(folder / kind / f"{name}.png", frame)
    with np.errstate(divide="ignore"):  # equal frames: infinite
        return name, float(peak_signal_noise_ratio(sharp, blurry, data_range=255))  # type: ignore[no-untyped-call]
