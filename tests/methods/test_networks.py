"""The competing networks against what their public references computed, and their parts against definitions."""

import sys

import numpy as np
import pytest
import torch
from conftest import METHODS, make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import ORACLES, oracle_weights

from pvdbench.io.weights import save_weights
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer, load_trainable

RECORDED = {"deepdeblur": "deepdeblur", "dvd": "dbn", "ovd": "ovd", "ifirnn": "ifirnn", "edvr": "edvr"}
PARAMETERS = {"deepdeblur": 11_721_321, "dvd": 15_305_291, "ovd": 926_083, "ifirnn": 1_635_683, "edvr": 23_602_019,
              "srn": 8_061_411}  # fmt: skip


def module(name, part="network"):
    """methods/NAME/PART.py, as its adapter imports it."""
    load_deblurrer(METHODS, name)
    return sys.modules[f"pvdbench_method_{name}.{part}"]


def built(name, **options):
    return load_trainable(METHODS, name).network(**read_card(METHODS, name).chosen(options, name))


def run(name, network, recorded):
    """What the network makes of the recorded inputs: outputs by their recorded names."""
    if name == "deepdeblur":
        return {f"output{k}": o for k, o in enumerate(network([recorded[f"input{k}"] for k in range(3)]))}
    frames = recorded["input"]
    if name == "dvd":
        return {"output": network(frames)[:, None]}
    if name == "edvr":
        return {"output": network(frames)}
    outputs, state = [], network.start(frames[:, 0])
    for t in range(recorded["output"].shape[1]):
        output, state = network(frames[:, t : t + 5] if name == "ovd" else frames[:, t], state)
        outputs.append(output)
    return {"output": torch.stack(outputs, 1)}


@torch.inference_mode()
@pytest.mark.parametrize("name", RECORDED)
def test_a_network_computes_what_its_reference_does(name):
    file = np.load(ORACLES / "networks" / f"{RECORDED[name]}.npz")
    recorded = {key: torch.from_numpy(file[key]) for key in file if key not in ("seed", "gain")}
    network = built(name).eval()
    keys = ORACLES / "networks" / f"{RECORDED[name]}_keys.csv"
    network.load_state_dict(oracle_weights(keys, int(file["seed"]), float(file["gain"])))
    outputs = run(name, network, recorded)
    assert set(outputs) == {key for key in recorded if key.startswith("output")}
    for key, output in outputs.items():
        assert (output - recorded[key]).abs().max() <= 1e-4 * recorded[key].abs().max(), key


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    assert sum(p.numel() for p in built(name).parameters()) == PARAMETERS[name]


def test_ifirnn_l_is_twice_as_wide_and_deep():
    assert sum(p.numel() for p in built("ifirnn", channels=40, blocks=12).parameters()) == 12_062_403


def test_srn_in_gray_or_without_memory_would_have_its_authors_counts():
    """8,056,609 in gray, 6,881,251 in colour without the ConvLSTM, by the authors' layer shapes."""
    network = built("srn")
    count = sum(p.numel() for p in network.parameters())
    first, last = network.encoder1[0].weight, network.decoder1[-1]
    gray = count - first.numel() * 4 // 6 - 2 * (last.weight[0].numel() + 1)
    assert gray == 8_056_609
    assert count - sum(p.numel() for p in network.memory.parameters()) == 6_881_251


@given(st.integers(1, 5), st.integers(1, 5))
def test_srn_resizes_as_tensorflow_did(h, w):
    """Source = destination / 2, without half a pixel: worked out value by value."""
    x = torch.rand(1, 1, h, w, generator=torch.Generator().manual_seed(h * 7 + w))
    enlarged = module("srn")._enlarged(x)[0, 0]
    for y in range(2 * h):
        for x_ in range(2 * w):
            ys, xs = ([n // 2, min((n + 1) // 2, size - 1)] for n, size in ((y, h), (x_, w)))
            assert float(enlarged[y, x_]) == pytest.approx(float(x[0, 0][ys][:, xs].mean()), abs=1e-6)


def test_srn_remembers_across_scales_and_passes_no_gradient_by_frames():
    network = built("srn", width=0.125, blocks=1)
    frames = torch.rand(1, 3, 32, 32)
    coarse, _, fine = network(frames)
    fine.sum().backward()
    assert network.memory.gates.weight.grad.abs().sum() > 0
    network.zero_grad()
    with torch.no_grad():
        network.memory.gates.bias[: network.channels] += 3  # enter more
        changed = network(frames)[2]
    assert (changed - fine).abs().max() > 1e-6
    assert coarse.shape == (1, 3, 8, 8) and fine.shape == (1, 3, 32, 32)


def by_definition(image, offset, mask, weight, bias):
    """The sum of the modulated deformable convolution, one term after the other."""
    (_, c, h, w), outputs, groups = image.shape, len(weight), mask.shape[1] // 9

    def read(channel, y, x):
        total, y0, x0 = 0.0, int(np.floor(y)), int(np.floor(x))
        for yy, wy in ((y0, 1 - (y - y0)), (y0 + 1, y - y0)):
            for xx, wx in ((x0, 1 - (x - x0)), (x0 + 1, x - x0)):
                if 0 <= yy < h and 0 <= xx < w:
                    total += wy * wx * float(image[0, channel, yy, xx])
        return total

    result = np.zeros((outputs, h, w)) + bias.numpy()[:, None, None]
    for o, channel, tap, y, x in np.ndindex(outputs, c, 9, h, w):
        group = channel // (c // groups)
        dy, dx = (float(offset[0, (group * 9 + tap) * 2 + k, y, x]) for k in (0, 1))
        value = read(channel, y + tap // 3 - 1 + dy, x + tap % 3 - 1 + dx)
        result[o, y, x] += float(weight[o, channel].flatten()[tap] * mask[0, group * 9 + tap, y, x]) * value
    return result


@settings(max_examples=5)
@given(st.integers(2, 5), st.integers(2, 5), st.sampled_from([1, 2, 4]), st.floats(0, 3))
def test_deformable_convolution_by_its_definition(h, w, groups, far):
    draw = torch.Generator().manual_seed(h * 10 + w)
    image, weight, bias = (torch.randn(shape, generator=draw) for shape in ((1, 4, h, w), (2, 4, 3, 3), (2,)))
    offset = torch.randn(1, groups * 18, h, w, generator=draw) * far
    mask = torch.rand(1, groups * 9, h, w, generator=draw)
    output = module("edvr", "deformable").deformable_convolution(image, offset, mask, weight, bias)
    np.testing.assert_allclose(output[0].numpy(), by_definition(image, offset, mask, weight, bias), atol=1e-4)


def test_deformable_convolution_without_offsets_is_a_convolution_for_a_whole_batch():
    draw = torch.Generator().manual_seed(0)
    image, weight, bias = (torch.randn(shape, generator=draw) for shape in ((3, 8, 9, 7), (5, 8, 3, 3), (5,)))
    zero, one = torch.zeros(3, 2 * 18, 9, 7), torch.ones(3, 2 * 9, 9, 7)
    output = module("edvr", "deformable").deformable_convolution(image, zero, one, weight, bias)
    torch.testing.assert_close(output, torch.nn.functional.conv2d(image, weight, bias, padding=1), atol=1e-4, rtol=1e-4)


def test_dvd_s_sigmoid_is_the_authors_last_step():
    frames = torch.rand(1, 5, 3, 16, 16)
    plain, final = built("dvd", width=0.0625).eval(), built("dvd", width=0.0625, sigmoid=True).eval()
    final.load_state_dict(plain.state_dict())
    torch.testing.assert_close(final(frames), plain(frames).sigmoid())


def test_dvd_aligns_its_neighbours_with_the_middle_frame():
    from scipy.ndimage import gaussian_filter

    texture = torch.from_numpy(gaussian_filter(np.random.default_rng(0).random((80, 96)), 2) * 4).float()
    window = torch.stack([texture[8:72, 8 + t : 72 + t].expand(3, -1, -1) for t in range(5)])
    aligned = module("dvd", "alignment").aligned(window)
    torch.testing.assert_close(aligned[2], window[2], atol=1e-5, rtol=0)
    inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    before, after = ((frames - window[2])[inner].abs().mean((1, 2, 3)) for frames in (window, aligned))
    assert (after[[0, 1, 3, 4]] < 0.2 * before[[0, 1, 3, 4]]).all()


def test_dvd_knows_two_alignments():
    with pytest.raises(ValueError, match="unknown align 'flow'; choose from none, tvl1"):
        built("dvd", align="flow")


def test_dvd_mc_aligns_in_training_and_in_use(tmp_path):
    """With `align: tvl1` both see aligned frames; what the network then makes of them is that of `align: none`."""
    network, plain = built("dvd", width=0.0625, align="tvl1").eval(), built("dvd", width=0.0625).eval()
    plain.load_state_dict(network.state_dict())
    blurry = torch.rand(1, 5, 3, 24, 32, generator=torch.Generator().manual_seed(0))
    (estimate, _), = next(module("dvd").unroll(network, blurry, blurry))  # fmt: skip
    expected = plain(module("dvd", "alignment").aligned(blurry[0])[None] - 0.5) + 0.5
    torch.testing.assert_close(estimate, expected)
    paths = sorted((make_dataset(tmp_path, videos=("a",), frames=1, size=(20, 21)) / "a" / "input").iterdir())
    save_weights(tmp_path / "w", network.state_dict(),
                 {"network": "dvd", "options": {"width": 0.0625, "sigmoid": False, "align": "tvl1"}})  # fmt: skip
    method = load_deblurrer(METHODS, "dvd")
    method.load({"network": tmp_path / "w"}, torch.device("cpu"))
    assert [tuple(frame.shape) for frame in method.deblur(Clip(paths))] == [(3, 20, 21)]


@pytest.mark.parametrize(("name", "options", "largest"), [
    ("deepdeblur", {"width": 0.25, "blocks": 3}, 0.02), ("ifirnn", {"channels": 16, "blocks": 2}, 0.1),
    ("dvd", {"width": 0.0625}, 1e-6),
])  # fmt: skip
def test_what_starts_near_the_identity(name, options, largest):
    torch.manual_seed(0)
    frames = torch.rand(1, 5, 3, 32, 32)
    network = built(name, **options).eval()
    pairs = next(iter(load_trainable(METHODS, name).unroll(network, frames, frames)))
    estimate, truth = pairs[0]
    assert (estimate - truth).abs().mean() < largest
