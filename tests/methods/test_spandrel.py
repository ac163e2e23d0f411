"""methods/spandrel on checkpoints saved as their authors save them, of random numbers, without torchvision."""

import importlib.util
import sys

import pytest
import torch
from conftest import METHODS, make_dataset

from pvdbench.core.errors import WeightsError
from pvdbench.methods.check_inputs import CheckedMethod
from pvdbench.methods.checks import check_method
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import get_ready, load_deblurrer

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("spandrel") is None or importlib.util.find_spec("spandrel_extra_arches") is None,
    reason="needs the extra spandrel: pip install --no-deps spandrel spandrel-extra-arches, and einops",
)
CPU = torch.device("cpu")


def stand_ins():
    spec = importlib.util.spec_from_file_location("names", METHODS / "spandrel" / "torchvision_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.torchvision_names()


def nafnet():
    from spandrel.architectures.NAFNet import NAFNet

    return NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1])


def restormer():
    from spandrel_extra_arches.architectures.Restormer import Restormer

    return Restormer(dim=8, num_blocks=[1, 1, 1, 1], num_refinement_blocks=1)


def mprnet():
    from spandrel_extra_arches.architectures.MPRNet import MPRNet

    return MPRNet(n_feat=8, scale_unetfeats=4, scale_orsnetfeats=4, num_cab=1)


LAYOUTS = {  # how the released files wrap their tensors
    "nafnet": (nafnet, lambda tensors: {"params": tensors}),
    "restormer": (restormer, lambda tensors: {"params": tensors}),
    "mprnet": (mprnet, lambda tensors: {"state_dict": {f"module.{key}": value for key, value in tensors.items()}}),
}


def checkpoint(name, folder):
    """A random network and the file that it was saved to."""
    torch.manual_seed(0)
    with stand_ins():
        import spandrel  # noqa: F401
        import spandrel_extra_arches  # noqa: F401

        make, layout = LAYOUTS[name]
        made = make().eval()
    for tensor in made.parameters():  # zeros that training would fill
        if not tensor.any():
            torch.nn.init.normal_(tensor, std=0.1)
    torch.save(layout(made.state_dict()), folder / f"{name}.pth")
    return made, folder / f"{name}.pth"


@pytest.fixture
def clip(tmp_path):
    return Clip(sorted((make_dataset(tmp_path / "set", videos=("a",), frames=2) / "a" / "input").iterdir()))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_checkpoint_of_a_real_layout_gives_what_its_network_gives(name, tmp_path, clip):
    made, file = checkpoint(name, tmp_path)
    method = load_deblurrer(METHODS, "spandrel")
    get_ready(method, METHODS, "spandrel", CPU, given=file)
    assert sum(method.parameters().values()) == sum(p.numel() for p in made.parameters())
    for output, frame in zip(method.deblur(clip), clip, strict=True):
        with torch.inference_mode():
            expected = made(frame[None])
        expected = expected[0] if isinstance(expected, list | tuple) else expected
        torch.testing.assert_close(output, expected[0].clamp(0, 1), rtol=0, atol=1e-5)
    assert "torchvision" not in sys.modules or importlib.util.find_spec("torchvision") is not None


def test_it_keeps_the_contract_at_odd_sizes_and_on_one_frame(tmp_path):
    _, file = checkpoint("nafnet", tmp_path)
    found = {o.check: o for o in check_method(CheckedMethod(METHODS, "spandrel", file, 1), seconds=60)}
    assert {part for part, outcome in found.items() if not outcome.passed} <= {"three frames"}, (
        found
    )  # random: no order
    assert {"loads", "repeatable", "input untouched", "one frame", "odd sizes"} <= set(found)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_damaged_or_unknown_checkpoint_is_named(tmp_path, content):
    file = tmp_path / "net.pth"
    torch.save({"params": {"a": torch.zeros(3)}}, file) if content is None else file.write_bytes(content)
    method = load_deblurrer(METHODS, "spandrel")
    with pytest.raises(WeightsError, match=r"net\.pth: spandrel knows no network of this checkpoint: .+; use another"):
        get_ready(method, METHODS, "spandrel", CPU, given=file)


def test_code_in_a_pickle_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",)

    torch.save({"params": Evil()}, tmp_path / "net.pth")
    method = load_deblurrer(METHODS, "spandrel")
    with pytest.raises(WeightsError, match="spandrel knows no network of this checkpoint"):
        get_ready(method, METHODS, "spandrel", CPU, given=tmp_path / "net.pth")
    assert not (tmp_path / "ran").exists()


def test_a_network_that_changes_the_size_is_refused(tmp_path):
    with stand_ins():
        from spandrel.architectures.Compact import Compact
    torch.save({"params": Compact(num_feat=8, num_conv=2, upscale=4).state_dict()}, tmp_path / "net.pth")
    method = load_deblurrer(METHODS, "spandrel")
    with pytest.raises(WeightsError, match="makes 3 channels at 4 times the size out of 3 channels"):
        get_ready(method, METHODS, "spandrel", CPU, given=tmp_path / "net.pth")


def test_without_a_checkpoint_it_says_what_it_needs():
    method = load_deblurrer(METHODS, "spandrel")
    if (METHODS.parent / "data" / "given" / "spandrel.pth").exists():
        pytest.skip("a checkpoint is here")
    with pytest.raises(WeightsError, match=r"the weights 'checkpoint' .* needs `pip install pvdbench\[spandrel\]`"):
        get_ready(method, METHODS, "spandrel", CPU)
