"""The networks and their training on a graphics card, held against the authors' frames: `make gpu`."""

import math

import numpy as np
import pytest
import torch
from recorded import frames, pour, recorded_run

from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.recurrence import deblur_frames
from pvdbench.networks.video_deblurrer import VideoDeblurrer
from pvdbench.training.benchmark import training_rates
from pvdbench.training.params import MotionRecipe, SequenceRecipe

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card here")


@pytest.fixture(autouse=True)
def exact():
    """Float32 as on the processor: no TF32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def test_the_authors_frames():
    """In float64: coordinates are truncated, so that a flow that rounds otherwise moves whole pixels."""
    model = VideoDeblurrer(NetworkParams(volume="gray"), LiteFlowNet())
    pour(model.motion, "BIMNet.")
    pour(model.deblur, "PVDNet.")
    device = torch.device("cuda")
    with torch.no_grad():
        outputs = torch.stack(list(deblur_frames(model.double().to(device).eval(), frames().double(), device))).numpy()
    expected = np.clip((recorded_run()["out"] + 1) / 2, 0, 1)
    assert (np.abs(outputs - expected) < 1e-4).mean() >= 0.999


@pytest.mark.parametrize("options", [{}, {"precision": "bfloat16", "channels_last": True}])
def test_training_runs(options):
    sizes = {"preset": "paper", "batch": 2, "crop": [64, 64]}
    deblur = SequenceRecipe.model_validate(sizes | options)
    rates = training_rates(
        MotionRecipe.model_validate(sizes), deblur, width=0.25, updates=10, device=torch.device("cuda")
    )
    assert [rate.network for rate in rates] == ["BIMNet", "PVDNet"]
    assert all(rate.updates_per_second > 0 and math.isfinite(rate.memory_gib) for rate in rates)
