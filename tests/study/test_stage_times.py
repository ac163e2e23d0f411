"""What stages took, and the time that is left."""

import pytest

from pvdbench.study.stage_times import StageTimes


def test_measured_else_the_kind_else_a_guess(tmp_path):
    times = StageTimes(tmp_path / "seconds.json")
    times.add("train-deblur@a", 10.0)
    times.add("train-deblur@b", 20.0)
    times.write()
    again = StageTimes(tmp_path / "seconds.json")
    expected = again.expected(["train-deblur@a", "train-deblur@c", "tables"])
    assert expected["train-deblur@a"] == 10.0
    assert expected["train-deblur@c"] == 15.0
    assert not again.measured("tables") and again.measured("train-deblur@c")


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": "x"}', b'{"a": -1}', b"[1]", b"\xff\x00", b'{"a": NaN}'])
def test_a_damaged_file_says_nothing(tmp_path, content):
    (tmp_path / "seconds.json").write_bytes(content)
    assert not StageTimes(tmp_path / "seconds.json").measured("a")


def test_what_is_left_is_the_longest_chain_or_the_sum_over_workers(tmp_path):
    times = StageTimes(tmp_path / "seconds.json")
    assert times.left({"a": 30.0, "b": 5.0}, {"a": 10.0, "b": 5.0}, 2) == 30.0
    assert times.left({"a": 10.0, "b": 10.0, "c": 10.0}, {"a": 10.0, "b": 10.0, "c": 10.0}, 2) == 15.0
    times.add("k@a", 10.0)
    times.add("k@b", 30.0)  # 10 were expected, so that this run is slower
    assert times.left({"k@c": 10.0}, {"k@c": 10.0}, 1) == pytest.approx(20.0)
