import hashlib

import numpy as np
import pytest
import torch
import yaml
from conftest import ROOT
from PIL import Image

from pvdbench.core.warp import backward_warp
from pvdbench.datasets.manifest import read_clips
from pvdbench.datasets.params import DataParams, RenderParams
from pvdbench.datasets.rendered.photographs import encode
from pvdbench.datasets.rendered.render import render_dataset
from pvdbench.datasets.rendered.scene import Scene, Trajectory, shaky_path
from pvdbench.io.flow import read_flow
from pvdbench.io.images import read_frame, read_mask

SMALL = RenderParams(
    seed=3, train=["cat"], test=["astronaut", "page"], frames=3, width=96, height=64, subframes=8,
    camera=3.0, foreground=2.0, bursts=1.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    out = tmp_path_factory.mktemp("rendered") / "small"
    render_dataset("small", SMALL, out)
    return out


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = (path.relative_to(folder).as_posix().encode() + path.read_bytes() for path in files)
    return hashlib.sha256(b"".join(named)).hexdigest()


def test_the_same_bytes_on_any_number_of_threads(rendered, tmp_path):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        render_dataset("small", SMALL, tmp_path / "again")
    finally:
        torch.set_num_threads(threads)
    assert digest(tmp_path / "again") == digest(rendered)


def test_a_clip_more_changes_no_other(rendered, tmp_path):
    render_dataset("small", SMALL.model_copy(update={"test": ["astronaut", "page", "cameraman"]}), tmp_path / "more")
    clip = "quantitative_datasets/test-00-astronaut"
    assert digest(tmp_path / "more" / clip) == digest(rendered / clip)


def test_has_sus_layout_and_the_truth_beside_it(rendered):
    (clip,) = read_clips(rendered, "train")
    assert clip.video == "train-00-cat"
    first, second, _ = clip.frames
    base = rendered / "quantitative_datasets" / "train-00-cat"
    assert (second.blurry, second.sharp) == (base / "input" / "00001.png", base / "GT" / "00001.png")
    assert (second.flow, second.occlusion) == (base / "flow" / "00001.flo", base / "occlusion" / "00001.png")
    assert first.flow is None and first.occlusion is None
    assert read_frame(second.blurry).shape == (64, 96, 3) and read_flow(second.flow).shape == (64, 96, 2)
    assert [c.video for c in read_clips(rendered, "test")] == ["test-00-astronaut", "test-01-page"]


def test_true_flow_brings_the_frame_before_onto_this_one_where_it_was_visible(rendered):
    for clip in read_clips(rendered, "test") + read_clips(rendered, "train"):
        for before, now in zip(clip.frames, clip.frames[1:], strict=False):
            sharp = [torch.from_numpy(read_frame(f.sharp).copy()).permute(2, 0, 1) / 255 for f in (before, now)]
            previous, current = sharp
            flow = torch.from_numpy(read_flow(now.flow)).permute(2, 0, 1)
            warped = backward_warp(previous[None], flow[None])[0]
            visible = ~read_mask(now.occlusion)
            error, still = ((a - current).abs().mean(0).numpy()[visible] for a in (warped, previous))
            assert np.median(error) < 3 / 255
            assert error.mean() < 0.25 * still.mean(), "warping must explain most of the change"
            hidden = (warped - current).abs().mean(0).numpy()[~visible]
            assert hidden.mean() > 2 * error.mean(), "what was hidden cannot be found"


def scene(camera, moving, radius=10.0):
    rng = np.random.default_rng(0)
    photo, other = (torch.from_numpy(rng.random((3, 80, 90))).float() for _ in range(2))
    return Scene(photo, other, torch.tensor([radius, 0.0, 0.0]), camera, moving, (32, 40))


def still(steps=2):
    return Trajectory(np.zeros((steps, 2)), np.zeros(steps), np.zeros(steps))


def test_a_camera_that_moves_two_right_sees_everything_two_further_left():
    right = Trajectory(np.array([[0.0, 0], [2, 1]]), np.zeros(2), np.zeros(2))
    flow, hidden = scene(right, still()).flow(1, 0)
    np.testing.assert_allclose(flow.numpy(), np.broadcast_to([2, 1], (32, 40, 2)), atol=1e-9)
    assert hidden.numpy()[:31, :38].sum() == 0 and hidden[31].all() and hidden[:, 38:].all()  # came from outside


def test_the_cutout_moves_alone_and_hides_what_it_covered():
    moving = Trajectory(np.array([[0.0, 0], [5, 0]]), np.zeros(2), np.zeros(2))
    flow, hidden = scene(still(), moving).flow(1, 0)
    y, x = np.mgrid[:32, :40]
    distance_now = np.hypot(x - 19.5 - 5, y - 15.5)
    distance_before = np.hypot(x - 19.5, y - 15.5)
    front = distance_now < 10
    np.testing.assert_allclose(flow.numpy()[front], np.broadcast_to([-5, 0], (front.sum(), 2)), atol=1e-9)
    np.testing.assert_allclose(flow.numpy()[~front], 0, atol=1e-9)
    np.testing.assert_array_equal(hidden.numpy(), ~front & (distance_before < 10))


def test_a_still_camera_makes_no_blur(tmp_path):
    params = SMALL.model_copy(update={"camera": 0.0, "foreground": 0.0, "test": ["cat"]})
    render_dataset("still", params, tmp_path / "still")
    for frame in read_clips(tmp_path / "still", "test")[0].frames:
        np.testing.assert_array_equal(read_frame(frame.blurry), read_frame(frame.sharp))


def test_light_is_averaged_before_it_is_encoded():
    """Half black and half white is half the light, and 255 * 0.5 ** (1 / 2.2) is 186."""
    assert encode(torch.stack([torch.zeros(3, 1, 1), torch.ones(3, 1, 1)]).mean(0)).tolist() == [[[186] * 3]]


def test_paths_have_the_speed_that_was_asked_for_and_bursts():
    times = np.arange(384) / 16
    path = shaky_path(np.random.default_rng(0), times, speed=3.0, bursts=3.0)
    speed = np.hypot(*(np.diff(path.position, axis=0) * 16).T)
    assert np.sqrt((speed**2).mean()) == pytest.approx(3.0, rel=0.02)
    assert speed.max() > 2.5 * np.median(speed)


def test_train_and_test_photographs_differ():
    params = DataParams.model_validate(yaml.safe_load((ROOT / "data" / "params.yaml").read_text()))
    for one in (params.sample, params.smoke):
        assert not set(one.train) & set(one.test)
    assert len(params.sample.train) >= 12 and len(params.sample.test) >= 4 and params.sample.frames >= 20


def test_the_sample_holds_sharp_and_blurry_frames(tmp_path):
    """Its first two clips as they are; three are filmed, as each takes the next photograph for its cut-out."""
    params = DataParams.model_validate(yaml.safe_load((ROOT / "data" / "params.yaml").read_text())).sample
    render_dataset("sample", params.model_copy(update={"train": params.train[:3], "test": []}), tmp_path / "s")
    for clip in read_clips(tmp_path / "s", "train")[:2]:
        errors = [read_frame(f.blurry) / 255 - read_frame(f.sharp) / 255 for f in clip.frames]
        psnr = np.array([-10 * np.log10((e**2).mean()) for e in errors])
        assert 24 < psnr.mean() < 32 and np.ptp(psnr) > 6


def test_occlusion_is_black_and_white(rendered):
    values = np.asarray(Image.open(read_clips(rendered, "test")[0].frames[1].occlusion))
    assert set(np.unique(values)) <= {0, 255}


class Flash:
    """A scene that is white at one sub-frame in sixteen, the ninth, and black at all others."""

    def __init__(self):
        self.exposed, self.asked = [], []

    def images(self, moments):
        numbers = torch.arange(moments.start, moments.stop)
        self.exposed += numbers.tolist()
        return (numbers % 16 == 8).float()[:, None, None, None].expand(-1, 3, 32, 32)

    def flow(self, moment, earlier):
        self.asked.append((moment, earlier))
        return torch.zeros(32, 32, 2), torch.zeros(32, 32, dtype=torch.bool)


def test_a_frame_is_the_mean_light_of_its_subframes_and_the_middle_one_is_the_sharp_frame(tmp_path, monkeypatch):
    """A sixteenth of white light is 255 / 16 ** (1 / 2.2) = 72.3 encoded; the exposures leave no gap."""
    flash = Flash()
    monkeypatch.setattr("pvdbench.datasets.rendered.render.make_scene", lambda *_: flash)
    params = SMALL.model_copy(update={"train": [], "test": ["cat"], "subframes": 16, "width": 32, "height": 32})
    render_dataset("flash", params, tmp_path / "flash")
    for frame in read_clips(tmp_path / "flash", "test")[0].frames:
        assert np.unique(read_frame(frame.blurry)).tolist() == [72]
        assert np.unique(read_frame(frame.sharp)).tolist() == [255]
    assert flash.exposed == list(range(48))
    assert flash.asked == [(24, 8), (40, 24)]
