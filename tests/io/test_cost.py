"""What a stage took on this machine."""

import json

from pvdbench.io.cost import measured_cost, read_cost


def test_seconds_of_interrupted_commands_are_added(tmp_path):
    with measured_cost(tmp_path / "cost.json", "train deblur x") as facts:
        facts |= {"steps": 24, "seconds_before": 1e6}
    cost = read_cost(tmp_path / "cost.json")
    assert cost["seconds"] >= 1e6 and cost["steps"] == 24 and "seconds_before" not in cost


def test_a_process_that_does_not_write_leaves_nothing(tmp_path):
    with measured_cost(tmp_path / "cost.json", "train deblur x", write=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_keys_are_sorted(tmp_path):
    with measured_cost(tmp_path / "cost.json", "x") as facts:
        facts |= {"b": 1, "a": 2}
    keys = list(json.loads((tmp_path / "cost.json").read_text()))
    assert keys == sorted(keys)
