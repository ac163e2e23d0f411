from importlib.util import find_spec

import interpreted
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from pvdbench.networks.candidates import read_on_pixels
from pvdbench.networks.cost_volume import cost_volume
from pvdbench.networks.kernels import kernels_take

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed here")
SIZES = [(1, 1, 1), (1, 2, 3), (2, 4, 4), (1, 5, 9), (2, 13, 17)]


@pytest.fixture(scope="module")
def kernels():
    with interpreted.interpreter() as pool:

        def run(name, *arguments):
            return pool.submit(getattr(interpreted, name), *arguments).result()

        yield run


def frames(b, h, w, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(b, 1, h, w, generator=generator).mul(2).sub(1).to(dtype) for _ in range(2)]


def matches(b, h, w, reach, seed=0):
    """Whole pixels up to reach beyond each border."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(-reach, w + reach, (b, 1, h, w), generator=generator)
    y = torch.randint(-reach, h + reach, (b, 1, h, w), generator=generator)
    return torch.cat((x, y), 1).float()


@needs_triton
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_candidates_are_those_of_the_operators(kernels, shape, size):
    for reach, dtype in ((0, torch.float32), (4, torch.bfloat16), (60, torch.float16)):
        previous, current = frames(*shape, dtype)
        match = matches(*shape, reach)
        ours = kernels("candidates", previous, match, current, size)
        assert ours.dtype == dtype
        assert torch.equal(ours, read_on_pixels(previous, match, current, size))


@needs_triton
def test_matches_too_far_for_any_integer_take_the_current_frame(kernels):
    previous, current = frames(1, 8, 9, torch.float32)
    match = torch.tensor([1e30, -1e30, 3e9, -3e9, torch.inf, -torch.inf])[torch.randint(0, 6, (1, 2, 8, 9))]
    ours = kernels("candidates", previous, match, current, 3)
    assert torch.equal(ours, read_on_pixels(previous, match, current, 3))
    assert set(ours.unique().tolist()) == {0.0, *current.unique().tolist()}


@needs_triton
def test_candidates_of_matches_with_channels_last_have_them_last(kernels):
    previous, current = frames(2, 12, 20, torch.float32)
    match = matches(2, 12, 20, 3)
    ours = kernels("candidates", previous, match.contiguous(memory_format=torch.channels_last), current, 5)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(ours, read_on_pixels(previous, match, current, 5))


def exact_costs(first, second):
    return cost_volume(first.double(), second.double())


@needs_triton
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("channels", [1, 3, 96])
def test_costs_are_those_of_the_operators(kernels, shape, channels):
    b, h, w = shape
    first, second = torch.randn(2, b, channels, h, w, generator=torch.Generator().manual_seed(h))
    ours = kernels("costs", first, second, 3)
    assert ours.shape == (b, 49, h, w)
    torch.testing.assert_close(ours, cost_volume(first, second), rtol=0, atol=1e-5)
    torch.testing.assert_close(ours.double(), exact_costs(first, second), rtol=0, atol=1e-5)


@needs_triton
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_costs_of_short_numbers_are_summed_in_float32(kernels, dtype):
    first, second = torch.randn(2, 1, 64, 9, 11, generator=torch.Generator().manual_seed(0)).to(dtype)
    ours = kernels("costs", first, second, 3)
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, exact_costs(first, second).to(dtype), rtol=torch.finfo(dtype).eps, atol=1e-6)


@needs_triton
def test_costs_of_every_second_pixel_with_channels_last(kernels):
    """As LiteFlowNet's fine levels: views with steps, of features with their channels last."""
    whole = torch.randn(2, 2, 16, 14, 22, generator=torch.Generator().manual_seed(0))
    first, second = (one.contiguous(memory_format=torch.channels_last)[:, :, ::2, ::2] for one in whole)
    ours = kernels("costs", first, second, 3)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours, cost_volume(first, second), rtol=0, atol=1e-5)


@needs_triton
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_kernels_build_for_a_card(dtype, last, tmp_path, monkeypatch):
    """To the machine code of an H100, which needs no card; last: channels."""
    from pvdbench.networks import triton_cost_volume, triton_volume

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    ones = ["match_c", "volume_k"] if last else ["match_x", "volume_p"]
    built(triton_volume._read_candidates, dtype, {"size": 5, "candidates": 32, "pixels": 64}, ones)
    ones = ["first_c", "second_c", "costs_d"] if last else ["first_x", "second_x", "costs_p"]
    built(triton_cost_volume._correlate, dtype, {"radius": 3, "padded": 64, "pixels": 64}, ones)


def built(kernel, dtype, constants, ones):
    """As a launch builds it: strides of 1 are constants."""
    import triton
    from triton.backends.compiler import GPUTarget

    constants = constants | dict.fromkeys(ones, 1)
    images = {"previous", "current", "volume", "first", "second", "costs"}
    types = dict.fromkeys(kernel.arg_names, "i32") | dict.fromkeys(images & {*kernel.arg_names}, f"*{dtype}")
    types |= dict.fromkeys({"match"} & {*kernel.arg_names}, "*fp32") | dict.fromkeys(constants, "constexpr")
    source = triton.compiler.ASTSource(kernel, types, constants)
    assert triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"]


def test_the_operators_compute_on_a_processor_and_where_operations_are_counted(monkeypatch):
    monkeypatch.setattr("pvdbench.networks.kernels._can_build", lambda device: True)
    assert not kernels_take(torch.rand(1, 1, 4, 4))
    with FakeTensorMode():
        assert not kernels_take(torch.empty(1, 1, 4, 4, device="cuda"))


def test_kernels_take_what_is_on_a_card_and_needs_no_gradient(monkeypatch):
    """With tensors that say they are on a card; tests/gpu has those that are."""
    monkeypatch.setattr("pvdbench.networks.kernels._can_build", lambda device: True)
    monkeypatch.setattr("pvdbench.networks.kernels.Tensor", OnCard)
    frame = OnCard(torch.rand(1, 1, 4, 4))
    assert kernels_take(frame, frame)
    assert not kernels_take(frame, torch.rand(1, 1, 4, 4))
    assert not kernels_take(frame.double())
    frame.requires_grad_()
    assert not kernels_take(frame)
    with torch.no_grad():
        assert kernels_take(frame)


class OnCard(torch.Tensor):
    is_cuda = True


def test_a_machine_that_builds_no_kernel_says_so_once(monkeypatch, capsys):
    from pvdbench.networks.kernels import _can_build

    def refuse(*_):
        raise RuntimeError("Failed to find C compiler. Please specify via CC environment variable.")

    monkeypatch.setattr("pvdbench.networks.kernels.find_spec", lambda name: object())
    monkeypatch.setitem(__import__("sys").modules, "pvdbench.networks.triton_volume", Broken(refuse))
    _can_build.cache_clear()
    device = torch.device("cpu")
    assert not _can_build(device)
    assert not _can_build(device)
    said = capsys.readouterr().err
    assert said.count("builds no kernel here (Failed to find C compiler") == 1
    _can_build.cache_clear()


class Broken:
    def __init__(self, refuse):
        self.candidates_by_kernel = refuse
