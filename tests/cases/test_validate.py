"""What `validate` looks at before anything is trained: names, keys twice, what is missing, Git, locks."""

import os
import shutil
import subprocess

import pytest
import yaml
from command import edit, files, one_line, pvdbench_here
from conftest import ROOT, make_dataset

from pvdbench.cli.study import duration
from pvdbench.core.errors import DataError
from pvdbench.io.cost import read_cost


@pytest.fixture
def study(tmp_path):
    """A repository with the smoke study's parameters and a tiny data set; methods are the tree's own."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "methods").symlink_to(ROOT / "methods")
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}, sort_keys=False))
    make_dataset(tmp_path / "data" / "smoke", frames=3, size=(64, 64))
    return tmp_path


def refused(study, command=("validate",)):
    return one_line(pvdbench_here(*command, cwd=study))


def test_a_study_without_a_mistake_is_fine_and_nothing_is_written(study):
    before = files(study)
    run = pvdbench_here("validate", cwd=study)
    assert run.returncode == 0 and run.stdout == "params.yaml: 4 motion rows, 5 deblur rows: fine\n" and not run.stderr
    assert files(study) == before


NAMES = [
    "nafnet-w32.v2", "NAFNet width 32", "w32/a", "a:b", "../../../OUT", "a;touch x", "-x", "${threads}",
    "a@b", "a--b", "w32-", "Über", "a\nb", "", ".", "2x", "a" * 61, "$(id)", "a|b", "nafnet_w32",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_case_34_a_name_that_dvc_or_a_path_cannot_have_is_refused_with_the_rule(study, name):
    edit(study, lambda p: p["deblur"].update({name: {"method": "input", "motion": "static"}}))
    for command in (["validate"], ["infer", "deblur", "smoke", name], ["code"]):
        said = refused(study, command) if not name.startswith("-") or command == ["validate"] else refused(study)
        assert "deblur" in said and ("small letters, digits and single hyphens" in said or "holds ${" in said)


@pytest.mark.parametrize("name", ["../x", "Raft", "a b", "b:c"])
@pytest.mark.parametrize(
    "put",
    [
        lambda p, name: p["motion"].update({name: {"method": "static", "network": "none"}}),
        lambda p, name: p["datasets"].update(test=[name]),
        lambda p, name: p["datasets"].update(train=name),
        lambda p, name: p["datasets"].update(pretrain=name),
        lambda p, name: p["tables"]["figures"]["qualitative"].update(datasets=[name], rows=["input"]),
        lambda p, name: p["tables"]["figures"]["compare"].update(
            {name: {"like": "Fig. 1", "rows": ["input"], "better": "bimc", "worse": "input"}}
        ),
    ],
)
def test_so_are_rows_of_motion_data_sets_and_figures(study, put, name):
    edit(study, lambda p: put(p, name))
    assert f"'{name}' cannot be a name" in refused(study)


@pytest.mark.parametrize("name", ["../x", "a/b", "-w", "a b", "", "x;y", "."])
def test_weights_are_a_file_of_data_given_and_nothing_else(study, name):
    edit(study, lambda p: p["deblur"]["bimc"].update(weights=name))
    assert "deblur.bimc.weights" in refused(study)


@pytest.mark.parametrize("name", ["scores", "given", "motion"])
def test_a_data_set_is_not_called_as_what_lies_beside_it(study, name):
    edit(study, lambda p: p["datasets"].update(test=[name]))
    assert f"data/{name} is not for a data set" in refused(study)


def test_two_pairs_of_data_set_and_row_do_not_share_a_stage(study):
    def change(params):
        params["datasets"]["test"] = ["smoke", "smoke-a"]
        params["deblur"] |= {name: {"method": "input", "motion": "static"} for name in ("a-b", "b")}

    edit(study, change)
    assert "two stages would be named DATASET-ROW 'smoke-a-b'" in refused(study)


def test_a_placeholder_of_dvc_is_refused_wherever_it_stands(study):
    edit(study, lambda p: p["tables"]["table2"].update(input="Input ${threads}"))
    assert "tables.table2.input" in refused(study) and "holds ${" in refused(study)


def append(study, text, name="params.yaml"):
    path = study / name
    path.write_text(path.read_text() + text)
    return len(path.read_text().splitlines())


@pytest.mark.parametrize(
    "text, key",
    [("threads: 2\n", "threads"), ("deblur: {}\n", "deblur"), ('"threads": 2\n', "threads"),
     ("x: {a: 1, b: {c: 1, 'c': 2}}\n", "c")],
)  # fmt: skip
def test_a_key_that_is_there_twice_is_refused_with_its_line(study, text, key):
    line = append(study, text)
    assert f"params.yaml: line {line}: the key '{key}' is there twice, before in line" in refused(study)


def test_so_is_one_of_a_method(study):
    (study / "methods").unlink()
    shutil.copytree(ROOT / "methods", study / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    line = append(study, "label: Another\n", "methods/input/method.yaml")
    assert f"method.yaml: line {line}: the key 'label' is there twice, before in line" in refused(study)


@pytest.mark.parametrize(
    "line, said",
    [
        ("threads: 010", "010 is a number that YAML 1.1 and 1.2 read differently; write it in plain digits"),
        ("threads: 1_0", "1_0 is a number"),
        ("threads: 1:30", "1:30 is a number"),
        ("threads: 0b1", "0b1 is a number"),
        ("threads: 1:30.5", "1:30.5 is a number"),
        ("threads: 1_000.0", "1_000.0 is a number"),
        ("threads: 1e3", "YAML takes 1e3 for text: write it in digits"),
        ("threads: 100000000000000000000", "threads: input should be less than or equal to 4096"),
        ("threads: yes", "threads: input should be a valid integer, got True"),
        ("threads: !!int x", "this is no YAML that can be read (invalid literal for int()"),
        ("threads: !!float ''", "this is no YAML that can be read"),
        ("threads: !!bool maybe", "this is no YAML that can be read"),
        ("threads: !!timestamp x", "this is no YAML that can be read"),
        ("threads: 2024-13-45", "this is no YAML that can be read (month must be in 1..12)"),
        ("threads: [[[[[[[[[[[[[[[[[[[[[[", "this is no YAML that can be read"),
        ("threads: " + "[" * 100_000, "values are nested too deeply"),
        ("? [a, b]\n: 1", "this is no YAML that can be read"),
    ],
)
def test_what_yaml_reads_otherwise_than_it_looks_is_one_line(study, line, said):
    path = study / "params.yaml"
    path.write_text(path.read_text().replace("threads: 1\n", line + "\n"))
    assert said in refused(study)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda p: p["training"]["deblur"].update(learning_rate="1e-3"), "YAML takes 1e-3 for text: write 1.0e-3"),
        (lambda p: p["training"]["deblur"].update(learning_rate="1.5e3"), "YAML takes 1.5e3 for text: write 1.5e+3"),
        (lambda p: p["training"]["deblur"].update(learning_rate="2E-4"), "YAML takes 2E-4 for text: write 2.0e-4"),
        (lambda p: p["tables"]["table2"].update(input=False), "YAML takes yes, no, on, off, true and false for a Bool"),
        (lambda p: p["datasets"].update(train=True), "YAML takes yes, no, on, off, true and false for a Boolean"),
        (lambda p: p["training"].update(seed=1e30), "training.seed: input should be"),
        (lambda p: p["training"].update(seed=10**30), "training.seed: input should be less than"),
        (lambda p: p["training"]["deblur"].update(preset=[1]), "training.deblur.preset: input should be 'paper' or"),
        (lambda p: p["training"]["deblur"].update(preset={"a": 1}), "training.deblur.preset: input should be"),
        (lambda p: p["deblur"]["input"].update(options={"no": 1}), "deblur.input.options.no: unknown option 'no'"),
        (lambda p: p["tables"]["figures"]["deblur"].update(better="nobody"), "figures.deblur: 'nobody' is no row"),
        (lambda p: p["tables"]["figures"]["flow"].update(rows=["bimc"]), "figures.flow: 'bimc' is no row"),
    ],
)
def test_values_that_would_stop_a_stage_later(study, change, said):
    edit(study, change)
    assert said in refused(study)


def test_a_file_in_another_encoding_or_a_folder_is_one_line(study):
    path = study / "params.yaml"
    path.write_bytes(b"\xff\xfe" + path.read_text().encode("utf-16-le"))
    assert "this file is no UTF-8" in refused(study)
    path.unlink()
    path.mkdir()
    assert "params.yaml: this file cannot be read (Is a directory)" in refused(study)


def test_case_35_weights_that_no_stage_makes_are_named(study):
    edit(study, lambda p: p["deblur"]["bimc"].update(weights="x", network=None))
    said = refused(study)
    assert "data/given/x.safetensors" in said and "weights import FILE --out data/given/x.safetensors" in said
    edit(study, lambda p: p["motion"]["liteflownet"].update(weights="y"))
    assert "data/given/y.safetensors: these weights of motion.liteflownet" in refused(study)


@pytest.mark.parametrize("key", ["pretrain", "train", "test"])
def test_so_is_a_data_set(study, key):
    edit(study, lambda p: p["datasets"].update({key: ["mine"] if key == "test" else "mine"}))
    assert "data/mine: this data set is not there, and no stage of data/dvc.yaml makes it" in refused(study)
    (study / "data" / "dvc.yaml").write_text("stages: {mine: {cmd: x}}\n")
    assert pvdbench_here("validate", cwd=study).returncode == 0


def test_case_27_a_protocol_that_counts_no_frame_of_the_test_clips(study):
    shutil.rmtree(study / "data" / "smoke")
    make_dataset(study / "data" / "smoke", videos=("a",), frames=1)
    for name in ("koehler", "su-30"):
        edit(study, lambda p, name=name: p["tables"].update(protocol=name))
        assert f"the protocol '{name}' counts no frame of the test clips" in refused(study)
    edit(study, lambda p: p["tables"].update(protocol="plain-rgb"))
    assert "every test clip has one frame, and the motion of Table 1 needs two" in refused(study)


def test_a_single_clip_of_one_frame_is_a_notice(study):
    table = study / "data" / "smoke" / "manifest.csv"
    table.write_text("".join(line for line in table.open() if not line.startswith(("b,test,00001", "b,test,00002"))))
    run = pvdbench_here("validate", cwd=study)
    assert run.returncode == 0 and "koehler counts no frame of the clip 'b'" in run.stderr


def test_a_test_set_without_truth_is_refused(study):
    table = study / "data" / "smoke" / "manifest.csv"
    table.write_text(table.read_text().replace("a/GT/00001.png", ""))
    assert "of the split 'train' have no sharp frame" in refused(study)


def test_a_row_that_is_shown_nowhere_is_said_to_be(study):
    edit(study, lambda p: p["deblur"].update(mine={"method": "input", "motion": "static"}))
    edit(study, lambda p: p["motion"].update(other={"method": "tvl1", "network": "none"}))
    run = pvdbench_here("validate", cwd=study)
    assert run.returncode == 0 and len(run.stderr.splitlines()) == 2
    assert "deblur.mine: no table or figure of params.yaml names this row" in run.stderr
    assert "motion.other: no table" in run.stderr


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda p: p["training"]["deblur"].update(crop=[256, 256]), "crop: 256x256 is larger than the frames of the"),
        (lambda p: p["training"]["motion"]["finetune"].update(crop=[64, 65]), "training.motion.finetune: crop: 65x64"),
        (lambda p: p["training"]["deblur"].update(sequence=13), "has 13 frames, the longest has 3; shorten `sequence`"),
        (lambda p: p["training"]["deblur"].update(validation={"clips": ["z"], "every": 1}), "no clip 'z' is in the"),
        (lambda p: p["training"]["deblur"].update(validation={"clips": ["a", "b"], "every": 1}), "no clip is left to"),
        (lambda p: p["protocols"]["volume"].update(volume_row="input"), "deblur.input has no pixel volume"),
        (lambda p: p["deblur"]["bimc"].pop("network"), "deblur.bimc: the method 'pvdnet' has nothing to run; add"),
        (lambda p: p["motion"]["bimnet"]["finetune"].update(pairs=[]), "motion.bimnet.finetune.pairs: list should"),
        (lambda p: p["datasets"].update(test=[]), "datasets.test: list should have at least 1 item"),
        (lambda p: p.update(root=""), "root: string should have at least 1 character"),
        (lambda p: p.update(motion={}), "motion: no row 'static'; choose from none"),
        (lambda p: p["tables"]["figures"]["flow"].update(boxes=[[1], [2, 3]]), "figures.flow.boxes.0: list should"),
    ],
)
def test_what_a_training_or_a_figure_would_stop_at_is_found_before(study, change, said):
    edit(study, change)
    assert said in refused(study)


@pytest.mark.parametrize("file", ["a/input/00001.png", "b/GT/00002.png", "b/flow/00001.flo", "a/occlusion/00001.png"])
@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_so_is_a_file_of_a_data_set_unless_a_stage_makes_the_set_again(study, file, spoil):
    spoil(study / "data" / "smoke" / file)
    said = f"data/smoke/{file}: this file of the data set 'smoke' is not there or empty (1 of 20 are so)"
    assert said in refused(study)
    (study / "data" / "dvc.yaml").write_text("stages: {smoke: {cmd: x}}\n")
    run = pvdbench_here("validate", cwd=study)
    assert run.returncode == 0 and said in run.stderr and "`dvc repro` makes the data set again" in run.stderr


def test_a_manifest_is_read_as_the_stages_read_it(study):
    table = study / "data" / "smoke" / "manifest.csv"
    whole = table.read_text()
    table.write_text(whole.splitlines()[0] + "\n")
    assert "it lists no frame; make the manifest again" in refused(study)
    table.write_text(whole.replace(",00001,", ",1,"))
    assert "zeros that its name lost" in refused(study)
    table.write_text(whole + whole.splitlines()[1] + "\n")
    assert "this frame is there twice" in refused(study)


@pytest.mark.parametrize("content", ["", "version https://git-lfs.github.com/spec/v1\nsize 1\n", "<html>404</html>"])
def test_given_weights_that_are_none_are_found(study, content):
    (study / "data" / "given").mkdir()
    (study / "data" / "given" / "x.safetensors").write_text(content)
    edit(study, lambda p: p["deblur"]["bimc"].update(weights="x", network=None))
    assert "data/given/x.safetensors: these are no safetensors with a pvdbench header" in refused(study)


@pytest.mark.parametrize("text", ["", "[]", "stages:", "stages: [mine]"])
def test_a_pipeline_of_data_that_holds_no_stages(study, text):
    (study / "data" / "dvc.yaml").write_text(text)
    assert "data/dvc.yaml: it holds no stages by name" in refused(study)


LOCK = {"schema": "2.0", "stages": {"code": {"cmd": "pvdbench code", "outs": [{"path": "data/code", "md5": "a" * 32}]}}}


@pytest.mark.parametrize("folder", [".", "data"])
@pytest.mark.parametrize("kept", [0, 1, 14, 25, 45, 70, -1, -10])
def test_a_lock_that_was_cut_is_named_with_the_remedy(study, folder, kept):
    whole = yaml.safe_dump(LOCK, sort_keys=False)
    (study / folder / "dvc.lock").write_text(whole)
    assert pvdbench_here("validate", cwd=study).returncode == 0
    (study / folder / "dvc.lock").write_text(whole[:kept])
    assert "dvc.lock: damaged" in refused(study) and "git checkout -- dvc.lock" in refused(study)


def test_case_36_another_user_s_clone(study, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for command in (["validate"], ["methods", "list"], ["report"], ["verify"]):
        said = refused(study, command)
        assert "dubious ownership" in said and "git config --global --add safe.directory" in said, said


def test_no_git_and_no_repository(study, monkeypatch):
    shutil.rmtree(study / ".git")
    assert "not in a Git repository" in refused(study)
    monkeypatch.setenv("PATH", "")
    assert "the command git was not found" in refused(study)


@pytest.mark.parametrize("text", ["{", "[]", "null", "1", '{"stage": "x"}', "\udcff", "[" * 100_000,
                                  '{"stage": "x", "seconds": "a", "hardware": "h"}',
                                  '{"stage": "x", "seconds": 1e400, "hardware": "h"}',
                                  '{"stage": "x", "seconds": 1, "hardware": "h", "steps": [1]}'])  # fmt: skip
def test_a_damaged_cost_is_named_in_one_line(tmp_path, text):
    path = tmp_path / "pretrained.json"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(DataError, match=r"pretrained\.json") as error:
        read_cost(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize(
    "hours, said",
    [(0.0, "0.0 s"), (1e-7, "under 0.1 s"), (0.001, "3.6 s"), (0.03, "1.8 min"), (1.0, "1.0 h"), (303.2, "303.2 h")],
)
def test_a_plan_of_seconds_is_not_zero_hours(hours, said):
    assert duration(hours) == said
