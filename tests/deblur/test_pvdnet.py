import numpy as np
import pytest
import torch
from recorded import frames, pour, recorded_run

from pvdbench.core.errors import WeightsError
from pvdbench.core.weights import save_weights
from pvdbench.deblur.params import NetworkParams
from pvdbench.deblur.pvdnet import PVDNet
from pvdbench.deblur.recurrence import VideoDeblurrer, architecture, deblur_frames, load_video_deblurrer
from pvdbench.motion.liteflownet import LiteFlowNet

TINY = NetworkParams(volume="gray", width=0.0625, blocks=1)


def test_width_one_is_the_papers_network():
    assert sum(p.numel() for p in PVDNet().parameters()) == 5_132_579


def recorded_model():
    model = VideoDeblurrer(NetworkParams(volume="gray"), LiteFlowNet())
    pour(model.motion, "BIMNet.")
    pour(model.deblur, "PVDNet.")
    return model.eval()


def test_reproduces_the_authors_recorded_frames_one_fed_to_the_next():
    run, clip = recorded_run(), frames() * 2 - 1
    model, state = recorded_model(), frames()[:1] * 2 - 1
    with torch.no_grad():
        for t in range(4):
            state = model(clip[[max(t - 1, 0)]], clip[[t]], clip[[min(t + 1, 3)]], state)
            difference = np.abs(state[0].numpy() - run["out"][t])
            assert (difference < 1e-4).mean() >= 0.999, f"frame {t}"


def test_deblur_frames_is_that_run_clamped_to_0_1():
    with torch.no_grad():
        outputs = list(deblur_frames(recorded_model(), list(frames()), torch.device("cpu")))
    expected = np.clip((recorded_run()["out"] + 1) / 2, 0, 1)
    assert len(outputs) == 4
    assert (np.abs(torch.stack(outputs).numpy() - expected) < 1e-4).mean() >= 0.999


@pytest.mark.parametrize("size", [(33, 35), (34, 64), (64, 37)])
@pytest.mark.parametrize("length", [1, 2])
def test_any_size_and_length(size, length):
    model = VideoDeblurrer(TINY, LiteFlowNet(0.0625)).eval()
    with torch.no_grad():
        outputs = list(deblur_frames(model, [torch.rand(3, *size) for _ in range(length)], torch.device("cpu")))
    assert [tuple(o.shape) for o in outputs] == [(3, *size)] * length


def test_an_empty_clip_gives_no_frames():
    assert list(deblur_frames(VideoDeblurrer(TINY, None), [], torch.device("cpu"))) == []


def test_without_motion_the_warped_volume_is_the_previous_output():
    model = VideoDeblurrer(NetworkParams(volume="warp", width=0.0625, blocks=1), None)
    state = torch.rand(1, 3, 8, 8)
    volume = model.compensate(state, torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))
    torch.testing.assert_close(volume[0, 0], 0.2989 * state[0, 0] + 0.5870 * state[0, 1] + 0.1140 * state[0, 2])


@pytest.mark.parametrize(
    ("train_motion", "coordinates", "moves"), [(False, "truncate", False), (True, "bilinear", True)]
)
def test_the_deblurring_loss_reaches_the_flow_only_where_asked(train_motion, coordinates, moves):
    params = NetworkParams(volume="gray", width=0.0625, blocks=1, train_motion=train_motion, coordinates=coordinates)
    model = VideoDeblurrer(params, LiteFlowNet(0.0625))
    model(*(torch.rand(1, 3, 64, 64) for _ in range(4))).sum().backward()
    assert any(p.grad is not None and p.grad.any() for p in model.motion.parameters()) is moves


def test_weights_come_back_with_their_network(tmp_path):
    model = VideoDeblurrer(TINY, LiteFlowNet(0.0625))
    save_weights(tmp_path / "w.safetensors", model.state_dict(), architecture(model))
    back = load_video_deblurrer(tmp_path / "w.safetensors")
    assert back.params == TINY
    for name, value in model.state_dict().items():
        torch.testing.assert_close(back.state_dict()[name], value, rtol=0, atol=0)


def test_weights_of_another_network_are_refused(tmp_path):
    save_weights(tmp_path / "w.safetensors", {}, {"network": "liteflownet"})
    with pytest.raises(WeightsError, match="expected the weights of a pvdnet, got those of liteflownet"):
        load_video_deblurrer(tmp_path / "w.safetensors")
