"""`pvdbench bench all` runs small: its table, its JSON, what is not measured, and another revision as the baseline."""

import json
import subprocess
from unittest import mock

import pytest
from command import one_line, pvdbench_here
from conftest import ROOT

SMALL = ("--size", "96", "64")
KEYS = ["name", "ms", "baseline_ms", "ratio", "share"]


@pytest.fixture(scope="module", autouse=True)
def few_calls():
    """The fewest that are timed."""
    with mock.patch("pvdbench.bench.measure._ENOUGH", 0.0):
        yield


def bench(*words, cwd=ROOT):
    run = pvdbench_here("bench", "all", *SMALL, *words, cwd=cwd)
    assert run.returncode == 0, run.stderr
    return run


def cells(run):
    rows = [line.strip("| ").split(" | ") for line in run.stdout.splitlines() if line.startswith("| ")]
    return rows[0], {row[0]: row for row in rows[2:]}


@pytest.fixture(scope="module")
def cheap(tmp_path_factory):
    folder = tmp_path_factory.mktemp("no-study")
    only = [word for name in ("volume", "decode", "no-op-study") for word in ("--only", name)]
    run = bench(*only, "--json", folder / "b.json", cwd=folder)
    return run, json.loads((folder / "b.json").read_text())


def test_the_table_has_every_part_that_was_asked_for_in_order(cheap):
    run, _ = cheap
    head, rows = cells(run)
    assert list(rows) == ["decode", "volume", "no-op-study"]
    assert head[:2] == ["part", "ms"] and head[-2:] == ["straightforward, ms", "ratio"]
    assert all(float(rows[name][1]) > 0 and float(rows[name][-1]) > 0 for name in ("decode", "volume"))
    assert "ceiling of cpu" in run.stdout and rows["decode"][8].endswith("%")


def test_the_json_begins_with_the_five_keys_and_holds_the_table(cheap):
    _, found = cheap
    assert [one["name"] for one in found] == ["decode", "volume", "no-op-study"]
    assert all(list(one)[:5] == KEYS for one in found)
    for one in found[:2]:
        assert one["ratio"] == pytest.approx(one["baseline_ms"] / one["ms"]) and 0 < one["share"] < 1
        assert one["device"] == "cpu" and one["threads"] == 1 and one["bytes"] > 96 * 64 and one["peak_mib"] >= 0
    assert found[1]["peak_mib"] > 25 * 4 * 96 * 64 / 2**20  # the volume itself


def test_a_folder_without_a_finished_study_is_said_and_blank(cheap):
    run, found = cheap
    assert found[2]["ms"] is None and found[2]["ratio"] is None and found[2]["share"] is None
    assert "- no-op-study: " in run.stdout and "holds no finished study" in run.stdout


def test_another_revision_is_measured_by_the_same_parts(tmp_path):
    run = bench("--only", "koehler", "--baseline", "HEAD", "--json", tmp_path / "b.json")
    (one,) = json.loads((tmp_path / "b.json").read_text())
    assert one["baseline_ms"] > 0 and one["ratio"] > 0 and one["notes"] == []
    assert cells(run)[0][-2] == "HEAD, ms"


def first_version():
    found = subprocess.run(["git", "-C", ROOT, "cat-file", "-e", "1d55340^{commit}"], capture_output=True)
    return found.returncode == 0


@pytest.mark.skipif(not first_version(), reason="this clone does not hold the commit of version 0.1.0")
def test_version_0_1_0_is_measured_though_its_folders_were_others(tmp_path):
    only = [word for name in ("koehler", "volume", "endpoint") for word in ("--only", name)]
    run = bench(*only, "--baseline", "1d55340", "--json", tmp_path / "b.json")
    found = {one["name"]: one for one in json.loads((tmp_path / "b.json").read_text())}
    assert all(found[name]["baseline_ms"] > 0 for name in ("koehler", "volume"))
    assert found["endpoint"]["ms"] > 0 and found["endpoint"]["baseline_ms"] is None
    assert "- endpoint: baseline: " in run.stdout  # a protocol that came later


def test_an_unknown_part_is_a_line_with_the_names():
    line = one_line(pvdbench_here("bench", "all", "--only", "decoding"))
    assert "--only: unknown part 'decoding'; choose from decode, encode, koehler" in line and len(line) < 300


@pytest.mark.parametrize("revision", ["no-such-branch", "--upload-pack=x", "HEAD:pvdbench"])
def test_an_unknown_revision_is_a_line(revision):
    line = one_line(pvdbench_here("bench", "all", "--only", "decode", f"--baseline={revision}"))
    assert f"has no revision '{revision}'" in line and "name a commit" in line


def test_an_unpacked_tree_has_no_other_revision(monkeypatch, tmp_path):
    monkeypatch.setattr("pvdbench.bench.revision.TREE", tmp_path)
    line = one_line(pvdbench_here("bench", "all", "--only", "decode", "--baseline", "HEAD"))
    assert "is no Git repository" in line and "from a clone" in line
