"""The sharpest and blurriest 10 % of each video (Sec. 4.2), and every tenth between them."""

import math

import pandas as pd

GROUPS = ("all", "sharpest", "blurriest")
"""The groups of frames that Tables 1 and 2 average over."""

TENTHS = 10


def with_groups(frames: pd.DataFrame, percent: float) -> pd.DataFrame:
    """Add a Boolean column for each of GROUPS, and each frame's quantile of blur with its tenth.

    The paper ranks a video's frames by the PSNR between blurry and sharp; low is blurry. It states no rounding: here
    ceil(n * percent / 100) of a video's n frames form a group, and ties go by frame name.

    Args:
        frames: counted frames of one method; columns video, frame, blurriness_db (dB).
        percent: above 0, at most 50.

    Returns: a copy with the rows in the same order.
    """
    blurriest = frames.sort_values(["blurriness_db", "frame"], kind="stable")
    sharpest = frames.sort_values(["blurriness_db", "frame"], ascending=[False, True], kind="stable")
    return _with_quantiles(frames, blurriest).assign(
        all=True, sharpest=_leading(sharpest, percent), blurriest=_leading(blurriest, percent)
    )  # assign aligns by index


def _with_quantiles(frames: pd.DataFrame, blurriest: pd.DataFrame) -> pd.DataFrame:
    """Add quantile, (rank + 0.5) / n among a video's n frames from the blurriest on, and the tenth it lies in."""
    videos = blurriest.groupby("video")["frame"]
    ranks, sizes = videos.cumcount(), videos.transform("size")
    tenth = (2 * ranks + 1) * TENTHS // (2 * sizes)  # in whole numbers: 0.3 * 10 would round to the third tenth
    return frames.assign(quantile=(ranks + 0.5) / sizes, tenth=tenth)


def _leading(ranked: pd.DataFrame, percent: float) -> pd.Series:
    """Whether a frame is among the first percent of its video, as ranked."""
    videos = ranked.groupby("video")["frame"]
    return videos.cumcount() < videos.transform("size").map(lambda n: math.ceil(n * percent / 100))
