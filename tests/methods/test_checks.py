"""`methods check` and `methods new`: what breaks the contract is named, what is written as it should be passes."""

import time
from pathlib import Path

import pytest
from conftest import METHODS
from fake_method import write_method
from hypothesis import given
from hypothesis import strategies as st

from pvdbench.core.errors import MethodError
from pvdbench.methods.check_inputs import CheckedMethod, moving_clip
from pvdbench.methods.checks import check_method
from pvdbench.methods.template import new_method


def outcomes(place, name, *, seconds=30.0, given=None):
    return {o.check: o for o in check_method(CheckedMethod(place, name, given, 1), seconds=seconds)}


def failures(place, name, **how):
    return {part: outcome.message for part, outcome in outcomes(place, name, **how).items() if not outcome.passed}


@pytest.mark.parametrize("name", ["input", "tvl1"])
def test_a_method_that_keeps_the_contract_is_fine_in_every_part(name):
    found = outcomes(METHODS, name)
    assert len(found) >= 5 and all(outcome.passed for outcome in found.values())
    assert "ms per " in next(o.message for part, o in found.items() if part in ("three frames", "two frames"))


@pytest.mark.parametrize(
    ("deblur", "part", "message"),
    [
        ("yield from list(clip)[:-1]", "three frames", "the method yielded 2 frames for 3; yield one per frame"),
        ("yield from [*clip, clip[0]]", "three frames", "yielded more than 3 frames for 3"),
        ("yield from (f[:, 1:] for f in clip)", "three frames", "yielded shape (3, 63, 96), not (3, 64, 96)"),
        ("yield from (f * torch.nan for f in clip)", "three frames", "values that are not finite; mend it"),
        ("yield from (f * 2 - 0.5 for f in clip)", "three frames", "values from -0.5 to 1.5, not in [0, 1]; yield"),
        (
            "yield from (f.numpy() for f in clip)",
            "three frames",
            "yielded a ndarray, not a tensor of shape (3, 64, 96)",
        ),
        ("yield from reversed(list(clip))", "three frames", "for frame 0 is like frame 2; keep the clip's order"),
        ("yield from (torch.rand_like(f) for f in clip)", "repeatable", "draw no random numbers"),
        ("yield from (f.mul_(0.5) for f in clip)", "input untouched", "work on frame.clone()"),
        (
            "clip.paths[0].unlink() if hasattr(clip, 'paths') else 0; yield from clip",
            "input untouched",
            "wrote into its input",
        ),
        ("yield from [clip[0], clip[1], *list(clip)[2:]]", "one frame", "the method raised IndexError: "),
        ("yield from (f.view(3, 2, -1).view_as(f) for f in clip)", "odd sizes", "the method raised RuntimeError: "),
        (
            "raise ValueError('two\\nlines')\n        yield",
            "three frames",
            "the method raised ValueError: two lines (adapter.py, line",
        ),
        ("import os; os._exit(7)\n        yield", "three frames", "the method's process died (exit code 7)"),
        ("import os; os.kill(os.getpid(), 9)\n        yield", "three frames", "the method's process died (SIGKILL)"),
    ],
)
def test_what_breaks_the_contract_is_a_line_that_says_what_to_change(tmp_path, deblur, part, message):
    subject = CheckedMethod(write_method(tmp_path, "x", deblur=deblur), "x", None, 1)
    said = next(o for o in check_method(subject, seconds=30) if o.check == part)
    assert not said.passed and message in said.message and "\n" not in said.message


def test_a_state_that_outlives_its_clip_is_found(tmp_path):
    deblur = "self.seen = getattr(self, 'seen', 0) + 1; yield from (f / self.seen for f in clip)"
    assert (
        "keep the state in local variables" in failures(write_method(tmp_path, "x", deblur=deblur), "x")["repeatable"]
    )


@pytest.mark.parametrize("wait", ["while True: pass", "time.sleep(99)"])
def test_a_hang_is_stopped(tmp_path, wait):
    place = write_method(tmp_path, "x", load=wait)
    start = time.monotonic()
    assert "no frame came within 0.5 s" in failures(place, "x", seconds=0.5)["loads"]
    assert time.monotonic() - start < 10


def test_a_method_that_cannot_be_told_to_stop_leaves_no_temporary_files(tmp_path):
    where = tmp_path / "where"
    stubborn = (
        "import signal, tempfile, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"open({str(where)!r}, 'w').write(tempfile.mkdtemp()); time.sleep(99); yield from clip"
    )
    subject = CheckedMethod(write_method(tmp_path, "x", deblur=stubborn), "x", None, 1)
    said = next(o for o in check_method(subject, seconds=5) if o.check == "three frames")
    assert "no frame came within 5 s" in said.message and not Path(where.read_text()).parent.exists()


def test_weights_that_are_not_here_end_the_check_with_what_the_card_says(tmp_path):
    card = "weights: {network: {file: net.pt}}\nneeds: get net.pt from its authors\n"
    said = failures(write_method(tmp_path, "x", card=card), "x")
    assert list(said) == ["loads"]
    assert "net.pt: the weights 'network' of Ours are not there; get net.pt from its authors" in said["loads"]


def test_weights_of_another_hash_are_refused_and_given_ones_take_their_place(tmp_path):
    card = f"weights: {{network: {{file: net.pt, sha256: '{'0' * 64}'}}}}\n"
    place = write_method(tmp_path, "x", card=card, files={"net.pt": "1"})
    assert "its SHA-256 is 6b86b273ff34..., method.yaml says 000000000000..." in failures(place, "x")["loads"]
    assert failures(place, "x", given=place / "x" / "net.pt") == {}


def test_trained_weights_that_are_missing_are_asked_for(tmp_path):
    place = write_method(tmp_path, "x", load="weights['network']")
    assert failures(place, "x") == {"loads": "x: this method needs a file of weights; give one with --weights"}


@pytest.mark.parametrize("kind", ["python", "folder", "command"])
def test_a_new_method_passes_as_it_is(tmp_path, kind):
    files = new_method(tmp_path, "my-method", kind, [METHODS])
    assert all(path.is_file() for path in files) and failures(tmp_path, "my-method") == {}


@pytest.mark.parametrize("name", ["", "My", "a_b", "a--b", "-a", "a-", "1a", "a/b", "../a", "ä"])
def test_a_name_that_is_not_valid_is_refused(tmp_path, name):
    with pytest.raises(MethodError, match="choose small letters, digits and single hyphens"):
        new_method(tmp_path, name, "python", [])
    assert list(tmp_path.iterdir()) == []


@given(name=st.text("aZ0-_./ ", max_size=6))
def test_a_name_makes_one_folder_or_none(tmp_path_factory, name):
    place = tmp_path_factory.mktemp("methods")
    try:
        new_method(place, name, "folder", [])
    except MethodError:
        assert list(place.iterdir()) == []
    else:
        assert [path.name for path in place.iterdir()] == [name] and name.islower() and not set(name) & set("_./ ")


def test_a_name_that_is_taken_is_refused(tmp_path):
    with pytest.raises(MethodError, match=r"methods/input: there is a method of this name; choose another"):
        new_method(tmp_path, "input", "python", [METHODS])
    new_method(tmp_path, "mine", "python", [])
    before = (tmp_path / "mine" / "adapter.py").read_bytes()
    with pytest.raises(MethodError, match="there is a method of this name"):
        new_method(tmp_path, "mine", "command", [])
    assert (tmp_path / "mine" / "adapter.py").read_bytes() == before


def test_the_clip_moves_and_leaves_no_files():
    with moving_clip(3) as clip:
        assert len({path.read_bytes() for path in clip.paths}) == 3 and clip.untouched
        clip[1].zero_()
        assert not clip.untouched
    assert not any(path.exists() for path in clip.paths)
