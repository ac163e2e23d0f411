import numpy as np
import pytest
import torch
from recorded import frames, pour, recorded_run

from pvdbench.core.device import for_inference
from pvdbench.core.errors import WeightsError
from pvdbench.io.weights import save_weights
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.pvdnet import PVDNet
from pvdbench.networks.recurrence import deblur_frames
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture, load_video_deblurrer

TINY = NetworkParams(volume="gray", width=0.0625, blocks=1)


def test_width_one_is_the_papers_network():
    assert sum(p.numel() for p in PVDNet().parameters()) == 5_132_579


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"width": 0.5, "blocks": 6}, 846_483),  # Table 3's Small as its text says; it prints 0.7 million
        ({"width": 2, "branch_width": 1}, 19_606_243),  # its Large prints 19.6; all layers doubled are 20,478,531
        ({"residual_width": 1.5, "blocks": 24}, 17_979_811),  # the released larger model, as counted from its code
    ],
)
def test_the_other_sizes_have_the_parameters_that_are_known_of_them(options, count):
    assert sum(p.numel() for p in PVDNet(**options).parameters()) == count


def recorded_model():
    model = VideoDeblurrer(NetworkParams(volume="gray"), LiteFlowNet())
    pour(model.motion, "BIMNet.")
    pour(model.deblur, "PVDNet.")
    return model.eval()


def test_reproduces_the_authors_recorded_frames_one_fed_to_the_next():
    # In float64: coordinates are truncated to whole pixels, so float32, which rounds differently on each processor, now
    # and then takes the neighbour's pixels (3.7 % of frame 3 where there is AVX2 but no AVX-512).
    run, clip = recorded_run(), frames().double() * 2 - 1
    model, state = recorded_model().double(), clip[:1]
    with torch.no_grad():
        for t in range(4):
            state = model(clip[[max(t - 1, 0)]], clip[[t]], clip[[min(t + 1, 3)]], state)
            difference = np.abs(state[0].numpy() - run["out"][t])
            assert difference.max() < 1e-5, f"frame {t}"


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
    current = torch.rand(1, 3, 8, 8)
    volume = model.compensate(state, model.flow(current, torch.rand(1, 3, 8, 8)), current)
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
    with pytest.raises(WeightsError, match="these are weights of liteflownet, not of pvdnet"):
        load_video_deblurrer(tmp_path / "w.safetensors")


def variant(**params):
    torch.manual_seed(0)
    return VideoDeblurrer(NetworkParams(**{"width": 0.0625, "blocks": 1} | params), LiteFlowNet(0.0625)).eval()


@pytest.mark.parametrize(
    ("params", "channels"),
    [
        ({"volume": "none"}, 1),
        ({"volume": "warp"}, 1),
        ({"volume": "majority"}, 1),
        ({"volume": "ideal"}, 1),
        ({"volume": "gray", "size": 1}, 1),
        ({"volume": "gray", "size": 3}, 9),
        ({"volume": "gray", "size": 7}, 49),
        ({"volume": "colour"}, 75),
        ({"volume": "gray", "compensate": "output-and-frames"}, 25),
    ],
)
def test_every_variant_of_the_volume_runs(params, channels):
    model = variant(**params)
    assert model.deblur.volume_branch[0].in_channels == channels
    clip = [torch.rand(3, 33, 36) for _ in range(3)]
    with torch.no_grad():
        outputs = list(deblur_frames(model, clip, torch.device("cpu"), clip))
    assert [tuple(o.shape) for o in outputs] == [(3, 33, 36)] * 3


def test_what_the_variants_see():
    state, current, truth = torch.rand(3, 1, 3, 32, 40).mul(2).sub(1).unbind()
    flow = torch.rand(1, 2, 32, 40).mul(4).sub(2)
    seen = {v: variant(volume=v).compensate(state, flow, current, truth) for v in ("none", "gray", "colour", "ideal")}
    weights = torch.tensor([0.2989, 0.5870, 0.1140]).view(1, 3, 1, 1)
    torch.testing.assert_close(seen["none"], (state * weights).sum(1, keepdim=True))
    by_channel = seen["colour"].unflatten(1, (3, 25))
    torch.testing.assert_close((by_channel * weights[..., None]).sum(1), seen["gray"], atol=1e-5, rtol=0)
    errors = (seen["gray"] - (truth * weights).sum(1, keepdim=True)).abs()
    torch.testing.assert_close((seen["ideal"] - (truth * weights).sum(1, keepdim=True)).abs(), errors.amin(1, True))


def test_the_ideal_volume_without_truth_is_refused():
    with pytest.raises(ValueError, match="the ideal volume chooses by the sharp frame, and there is none"):
        list(deblur_frames(variant(volume="ideal"), [torch.rand(3, 32, 32)], torch.device("cpu")))


def test_neighbours_are_compensated_only_where_asked():
    frames = [torch.rand(1, 3, 32, 32) * 2 - 1 for _ in range(4)]
    taken = {}
    for how in ("output", "output-and-frames"):
        model = variant(volume="none", compensate=how)
        model._flow = lambda current, previous, before: (torch.ones(1, 2, 32, 32), None)
        model.deblur.register_forward_pre_hook(lambda _, inputs, how=how: taken.__setitem__(how, inputs))
        model(*frames)
    assert torch.equal(taken["output"][0], frames[0]) and torch.equal(taken["output"][2], frames[2])
    for number in (0, 2):  # previous and following, moved by (1, 1)
        moved = taken["output-and-frames"][number]
        torch.testing.assert_close(moved[..., :-1, :-1], frames[number][..., 1:, 1:], atol=1e-5, rtol=0)
    assert torch.equal(taken["output-and-frames"][1], frames[1])


@pytest.mark.parametrize("compensate", ["output", "output-and-frames"])
def test_a_clip_encodes_each_frame_once_with_the_numbers_of_single_steps(compensate):
    model, clip = variant(volume="gray", compensate=compensate), [torch.rand(3, 36, 44) for _ in range(3)]
    encoded = []
    model.motion.encoder.register_forward_hook(lambda *_: encoded.append(1))
    with torch.no_grad():
        deblurred = list(deblur_frames(model, clip, torch.device("cpu")))
        once = len(encoded)
        frames = [frame[None] * 2 - 1 for frame in clip]
        previous = state = frames[0]
        for t, current in enumerate(frames):
            state = model(previous, current.clone(), frames[min(t + 1, 2)], state)
            torch.testing.assert_close(deblurred[t], ((state[0] + 1) / 2).clamp(0, 1), atol=1e-6, rtol=0)
            previous = current
    assert once == (3 if compensate == "output" else 3 + 5)  # flow to the following frame encodes both again


def test_the_layout_for_inference_rounds_alone():
    model, frames = variant(volume="gray"), [torch.rand(1, 3, 36, 44) * 2 - 1 for _ in range(4)]
    with torch.no_grad():
        plain = model(*frames)
        there = for_inference(model, torch.device("cpu"))
        assert there is model and model.deblur.level0.weight.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(model(*frames), plain, atol=1e-4, rtol=0)
