import pytest
import torch
from conftest import METHODS, make_dataset

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.methods.card import read_card
from pvdbench.methods.clip import Clip
from pvdbench.methods.loading import load_deblurrer, load_motion_estimator

CARD = "label: x\ntask: deblur\ncitation: somebody\n"


def method_folder(tmp_path, adapter, card=CARD):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "method.yaml").write_text(card)
    (tmp_path / "x" / "adapter.py").write_text(adapter)
    return tmp_path


def test_a_method_that_is_not_there_lists_those_that_are():
    with pytest.raises(
        MethodError, match=r"no method 'nobody' with a method.yaml is there; choose from bimnet, deepdeblur, dis, dvd, "
    ):
        read_card(METHODS, "nobody")


def test_a_method_of_the_other_task_is_refused():
    with pytest.raises(MethodError, match="this method is for 'motion', not for 'deblur'"):
        load_deblurrer(METHODS, "tvl1")
    with pytest.raises(MethodError, match="this method is for 'deblur', not for 'motion'"):
        load_motion_estimator(METHODS, "input")


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ("import nothing_like_that", "loading it raised ModuleNotFoundError: No module named 'nothing_like_that'"),
        ("x = 1", "loading it raised AttributeError"),
        ("class Method: pass", "its class Method lacks one of load, parameters and deblur"),
        ("class Method:\n    def __init__(self, a): pass", "loading it raised TypeError"),
    ],
)
def test_a_broken_adapter_is_named_with_its_error(tmp_path, adapter, message):
    with pytest.raises(MethodError, match=message):
        load_deblurrer(method_folder(tmp_path, adapter), "x")


def test_an_unknown_key_of_a_card_is_refused(tmp_path):
    with pytest.raises(
        ParamsError, match=r"method\.yaml: licence: unknown key 'licence'; choose from adapter, citation, "
    ):
        read_card(method_folder(tmp_path, "", CARD + "licence: MIT\n"), "x")


def test_an_adapter_may_import_its_neighbour(tmp_path):
    adapter = "from .network import Network\n\nclass Method(Network):\n    pass\n"
    folder = method_folder(tmp_path, adapter)
    (tmp_path / "x" / "network.py").write_text(
        "class Network:\n    def load(self, weights, device): ...\n    def parameters(self): return {}\n"
        "    def deblur(self, clip): yield from clip\n"
    )
    assert list(load_deblurrer(folder, "x").deblur([1, 2])) == [1, 2]


def test_a_clip_reads_frames_windows_and_slices(dataset):
    paths = sorted((dataset / "a" / "input").iterdir())
    clip = Clip(paths)
    assert len(clip) == 4 and clip[0].shape == (3, 48, 64) and 0 <= clip[0].min() < clip[0].max() <= 1
    assert torch.equal(clip[-1], clip[3]) and torch.equal(clip[1:][0], clip[1])
    window = clip.window(0, 2)
    assert [int(torch.stack([(w == f).all() for f in clip]).nonzero()[0]) for w in window] == [0, 0, 0, 1, 2]


@pytest.mark.parametrize(("frames", "radius"), [(1, 2), (2, 1), (7, 2), (4, 0)])
def test_windows_are_those_of_each_frame_and_read_each_once(tmp_path, monkeypatch, frames, radius):
    paths = sorted((make_dataset(tmp_path, videos=("a",), frames=frames, size=(8, 8)) / "a" / "input").iterdir())
    clip, read = Clip(paths), []
    real = Clip.__getitem__
    monkeypatch.setattr(Clip, "__getitem__", lambda self, index: read.append(index) or real(self, index))
    windows = list(clip.windows(radius))
    assert sorted(read) == list(range(frames))
    assert len(windows) == frames
    assert all(torch.equal(window, clip.window(t, radius)) for t, window in enumerate(windows))
