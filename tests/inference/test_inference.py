import shutil
import time

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from pvdbench.core.errors import DataError, MethodError
from pvdbench.datasets.manifest import read_clips
from pvdbench.inference.cost import row_cost
from pvdbench.inference.deblur import deblur_clips
from pvdbench.inference.finished import FinishedClips
from pvdbench.inference.handed import hand_out
from pvdbench.inference.motion import estimate_clips
from pvdbench.inference.results import Results
from pvdbench.io.atomic import replaced_folder
from pvdbench.io.flow import read_flow
from pvdbench.io.images import read_frame
from pvdbench.io.tables import MANIFEST, read_table, write_table


def run(task, compute, method, dataset, out):
    """What a row does in two processes, in this one; returns the cost facts and the complexity."""
    clips = dict(enumerate(read_clips(dataset, "test")))
    with replaced_folder(out) as folder:
        finished = FinishedClips(folder / ".clips")
        results = Results(task, "fake", clips, finished, 1)
        handed = hand_out(clips, out.parent / "handed", truth=False)
        try:
            compute(
                method, "fake", list(handed.values()), lambda values=b"": results.take(values) if values else None,
                first=handed[0][:3],
            )  # fmt: skip
            results.finish()
        finally:
            shutil.rmtree(out.parent / "handed")
            results.close()
        finished.hand_over(list(clips.values()), folder)
        cost = row_cost([finished.read(number).cost for number in clips])
        shutil.rmtree(finished.folder)
    return cost


def run_deblurring(method, dataset, out):
    return run("deblur", deblur_clips, method, dataset, out)


def run_motion(method, dataset, out):
    return run("motion", estimate_clips, method, dataset, out)


class Fake:
    """A method that gives whatever a test wants."""

    def __init__(self, outputs=None, flow=None):
        self.outputs, self.vector = outputs or (lambda clip: iter(clip)), flow

    def load(self, weights, device): ...

    def parameters(self):
        return {"deblur": 3}

    def deblur(self, clip):
        return self.outputs(clip)

    def flow(self, target, source):
        return self.vector(target)


def test_a_clip_computed_at_once_is_timed_as_a_whole(dataset, tmp_path):
    def at_once(clip):
        time.sleep(0.2)
        yield from list(clip)

    cost = run_deblurring(Fake(at_once), dataset, tmp_path / "out")
    assert 50 <= cost[0]["milliseconds_median"] < 200  # of 4 frames


def test_frames_land_where_the_scores_look_and_cost_is_told(dataset, tmp_path):
    cost = run_deblurring(Fake(), dataset, tmp_path / "out")
    for video in "ab":
        for t in range(4):
            name = f"{t:05d}.png"
            expected = read_frame(dataset / video / "input" / name)
            np.testing.assert_array_equal(read_frame(tmp_path / "out" / video / name), expected)
    timing, complexity = cost
    assert timing["frames"] == 8 and (complexity.width, complexity.height) == (64, 48)
    assert complexity.parameters == {"deblur": 3} and timing["milliseconds_median"] > 0 and timing["threads"] >= 1


def test_videos_without_truth_are_deblurred_alike(dataset, tmp_path):
    run_deblurring(Fake(), dataset, tmp_path / "with")
    table = read_table(dataset / "manifest.csv", MANIFEST)
    write_table(dataset / "manifest.csv", table.assign(sharp=None), MANIFEST)
    cost = run_deblurring(Fake(), dataset, tmp_path / "without")
    files = {path.relative_to(tmp_path / "with"): path.read_bytes() for path in tmp_path.glob("with/*/*.png")}
    assert cost[0]["frames"] == len(files) == 8
    assert all((tmp_path / "without" / name).read_bytes() == content for name, content in files.items())


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda clip: iter(clip[:3]), "fake: a: 3 frames for 4; yield one per frame"),
        (lambda clip: iter([*clip, clip[0]]), "fake: a: more than 4 frames; yield one per frame"),
        (
            lambda clip: (f[:, :-1] for f in clip),
            r"a/00000: the method yielded shape \(3, 47, 64\), not \(3, 48, 64\)",
        ),
        (
            lambda clip: (f * torch.nan for f in clip),
            r"yielded values that are not finite; mend it",
        ),
    ],
)
def test_a_method_that_breaks_the_contract_is_named_and_leaves_what_was_there(dataset, tmp_path, outputs, message):
    run_deblurring(Fake(), dataset, tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MethodError, match=message):
        run_deblurring(Fake(outputs), dataset, tmp_path / "out")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_truncated_input_frame_is_named(dataset, tmp_path):
    path = dataset / "b" / "input" / "00001.png"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"handed/frames/001/00001\.png: this is no readable PNG or JPEG"):
        run_deblurring(Fake(), dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_sharp_frame_before_is_warped_by_the_flow_between_the_blurry_ones(dataset, tmp_path):
    asked = []

    def true_flow(target):
        asked.append(target)
        return torch.tensor([-1.0, 0.0]).view(2, 1, 1).expand(2, *target.shape[1:])

    cost = run_motion(Fake(flow=true_flow), dataset, tmp_path / "out")
    assert cost[0]["frames"] == 6 and not list((tmp_path / "out").rglob("00000.*"))
    blurry = read_frame(dataset / "a" / "input" / "00001.png")
    np.testing.assert_array_equal((asked[0].permute(1, 2, 0) * 255).round().byte().numpy(), blurry)
    for t in (1, 2, 3):
        warped = read_frame(tmp_path / "out" / "a" / f"{t:05d}.png")
        sharp = read_frame(dataset / "a" / "GT" / f"{t:05d}.png")
        assert peak_signal_noise_ratio(sharp[:, 1:], warped[:, 1:]) > 50
        assert read_flow(tmp_path / "out" / "a" / f"{t:05d}.flo")[5, 5].tolist() == [-1, 0]


def test_a_flow_of_another_shape_is_named(dataset, tmp_path):
    with pytest.raises(
        MethodError, match=r"fake: flow: the method yielded shape \(3, 48, 64\), not \(2, 48, 64\); mend it"
    ):
        run_motion(Fake(flow=lambda target: target), dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()
