"""The protocols on real video: PVDBENCH_CLIPS names a folder with max-heromode.mp4."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from pvdbench.bench.score_definitions import koehler as straightforward
from pvdbench.methods.clip import VideoClip
from pvdbench.scoring.frame_pair import FramePair
from pvdbench.scoring.registry import choices, protocols, score_pair

PROTOCOLS = {name: protocols()[name] for name in choices(any_frames=True)}
CLIPS = os.environ.get("PVDBENCH_CLIPS")
pytestmark = pytest.mark.skipif(not CLIPS, reason="PVDBENCH_CLIPS names no folder of real clips")


@pytest.fixture(scope="module")
def pair():
    """A sharp frame, and the mean of the five around it."""
    clip = VideoClip(Path(CLIPS) / "max-heromode.mp4")
    frames = [(clip[t] * 255).round().byte().permute(1, 2, 0).numpy() for t in range(98, 103)]
    return FramePair(np.mean(frames, 0).round().astype(np.uint8), frames[2])


def test_koehler_is_the_straightforward_version(pair):
    assert PROTOCOLS["koehler"].score(pair) == pytest.approx(straightforward(pair), abs=1e-6)


def test_plain_rgb_is_scikit_images(pair):
    expected = structural_similarity(pair.truth, pair.estimate, channel_axis=2, gaussian_weights=True, sigma=1.5,
                                     use_sample_covariance=False, data_range=255)  # fmt: skip
    assert PROTOCOLS["plain-rgb"].score(pair)["ssim"] == pytest.approx(expected, abs=1e-10)


def test_every_protocol_gives_a_number_that_can_be(pair):
    scores = score_pair(pair, list(PROTOCOLS.values()))
    assert all(10 < score["psnr_db"] < 60 for score in scores.values())
    assert all(0.2 < scores[name]["ssim"] < 1 for name in PROTOCOLS if not name.startswith("step"))
    assert scores["luma-y"]["psnr_db"] > scores["plain-rgb"]["psnr_db"]  # a smaller range, and no chroma
