"""What a study will take, against counts by hand, measured costs and what is there."""

import json
import shutil
import subprocess
from functools import partial

import pytest
import torch
import yaml
from conftest import ROOT, make_dataset
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pvdbench.core.errors import MethodError, StudyError, WeightsError
from pvdbench.datasets.manifest import read_clips
from pvdbench.io.cost import hardware
from pvdbench.io.weights import save_weights
from pvdbench.networks.liteflownet import LiteFlowNet
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture
from pvdbench.study.kept_operations import KeptOperations
from pvdbench.study.kept_rates import machine_rates
from pvdbench.study.machine_rates import FrameSeconds, MachineRates, assumed_rates
from pvdbench.study.operations import Operations, frame_operations, update_operations
from pvdbench.study.plan import Plan, plan_study
from pvdbench.study.rate_measurement import measure_rates
from pvdbench.study.row_operations import RowOperations
from pvdbench.study.stage_cost import BY_RATE, COUNTED, MEASURED, Stage, StageCosts
from pvdbench.study.study import load_study
from pvdbench.training.deblur import sequence_losses
from pvdbench.training.params import Recipe, SequenceRecipe

RATE = 1e12
RATES = assumed_rates(RATE)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The smoke study alone in a repository, nothing made yet; not to be changed."""
    folder = tmp_path_factory.mktemp("repository")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    shutil.copytree(ROOT / "methods", folder / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "dvc.yaml", folder / "dvc.yaml")
    params = yaml.safe_load((ROOT / "studies" / "smoke" / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump(params | {"root": "."}, sort_keys=False))
    return folder


@pytest.fixture
def study(repository, tmp_path):
    """A copy of it."""
    return shutil.copytree(repository, tmp_path, dirs_exist_ok=True)


def test_what_is_done_takes_nothing_more():
    plan = Plan((Stage("a", done=True, hours=2, disk=5), Stage("b", hours=3, disk=7), Stage("c")), ())
    assert (plan.hours, plan.disk) == (3, 7)


def test_a_method_whose_update_fails_is_named_with_its_reason(study):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["deblur"]["mine"] = {"method": "deepdeblur", "motion": "static"}
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    network = study / "methods" / "deepdeblur" / "network.py"
    network.write_text(network.read_text() + "\n\ndef unroll(*_):\n    raise KeyError('scales')\n    yield\n")
    message = "deepdeblur: an update of its network fails: KeyError: 'scales'; run `pvdbench methods check deepdeblur`"
    with pytest.raises(MethodError, match=message):
        StageCosts(load_study(study), RATES).stage("train-deblur@mine", done=False)


def test_a_convolution_is_counted_as_by_hand():
    recipe = Recipe(steps=1, batch=2, crop=(8, 16), learning_rate=1.0)
    multiply_adds = 2 * 9 * 3 * 5 * 8 * 16  # batch, kernel, channels in and out, pixels

    def losses(network, batch):
        yield network(batch["blurry"][:, 0]).sum()

    found = update_operations(partial(nn.Conv2d, 3, 5, 3, padding=1), losses, recipe, 1)
    assert found.parameters == 3 * 5 * 9 + 5
    # forwards, and backwards for the weights alone: frames need no gradient
    assert found.in_batch(recipe.batch).flops == 2 * found.flops == 2 * multiply_adds * 2
    assert found.activations == 4 * 3 * 8 * 16 and found.memory == found.activations + 4 * 4 * found.parameters


def test_batch_normalisation_of_maps_of_one_pixel_is_counted():
    recipe = Recipe(steps=1, batch=4, crop=(8, 8), learning_rate=1.0)

    def build():
        return nn.Sequential(nn.Conv2d(3, 5, 8), nn.BatchNorm2d(5))

    found = update_operations(build, lambda network, batch: iter([network(batch["blurry"][:, 0]).sum()]), recipe, 1)
    assert found.in_batch(4).flops == 4 * 2 * 2 * 3 * 5 * 8 * 8


@pytest.mark.slow
@pytest.mark.parametrize("motion", [None, "liteflownet"])
def test_an_update_takes_what_pytorch_counts_of_a_whole_batch(study, motion):
    """The flow, counted by itself, with an update of PVDNet, against FlopCounterMode on real tensors of batch 2."""
    recipe = SequenceRecipe(steps=4, batch=2, crop=(32, 32), learning_rate=1e-4, sequence=2)
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["training"]["deblur"] = recipe.model_dump(exclude_none=True, mode="json")
    params["deblur"]["bimc-pv"]["motion"] = "bimnet" if motion else "static"
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    read = load_study(study)
    network = None if motion is None else LiteFlowNet(read.params.training.motion.width)
    model = VideoDeblurrer(read.deblur_row("bimc-pv").network, network)
    frames = torch.rand(2, 2, 3, 32, 32)
    losses = sequence_losses(model, {"blurry": frames, "sharp": frames}, recipe)
    with FlopCounterMode(display=False) as counter:
        for loss in losses:
            loss.backward()
    found = RowOperations(read).deblurring("bimc-pv")
    assert 2 * found.flops == counter.get_total_flops()  # of two frames
    assert found.parameters == sum(p.numel() for p in model.parameters())


def test_rows_that_differ_by_weights_alone_are_counted_once_and_never_again(study, monkeypatch):
    counted = []

    def counting(*given):
        counted.append(given)
        return Operations(1e6, 5.0, 7)

    for name in ("update_operations", "frame_operations"):
        monkeypatch.setattr(f"pvdbench.study.row_operations.{name}", counting)
    shutil.copy(ROOT / "params.yaml", study / "params.yaml")
    first = plan_study(load_study(study), RATES)
    networks = len(counted)
    assert 3 <= networks < sum(stage.basis == COUNTED for stage in first.stages)
    assert plan_study(load_study(study), RATES) == first and len(counted) == networks
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["training"]["deblur"]["crop"] = [16, 16]  # the other rows stay as they were
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    plan_study(load_study(study), RATES)
    assert networks < len(counted) < 2 * networks


@pytest.mark.parametrize("damage", ["{", '{"code": 3}', '{"code": "of another version", "counts": {}}'])
def test_kept_counts_that_are_damaged_or_of_other_code_are_made_again(tmp_path, damage):
    path, made = tmp_path / "operations.json", []

    def count():
        made.append(1)
        return Operations(2.0, 3.0, 4)

    assert KeptOperations(path).of(("a", 1), count) == KeptOperations(path).of(("a", 1), count)
    assert len(made) == 1
    path.write_text(damage)
    assert KeptOperations(path).of(("a", 1), count).flops == 2.0
    assert len(made) == 2


def test_a_network_that_cannot_be_counted_is_not_tried_again(tmp_path):
    KeptOperations(tmp_path / "operations.json").of(("a",), lambda: None)
    assert KeptOperations(tmp_path / "operations.json").of(("a",), pytest.fail) is None


def test_a_frame_of_the_papers_network_takes_what_pytorch_counts():
    import torch

    size = (1, 3, 64, 64)
    build = partial(VideoDeblurrer, NetworkParams(volume="warp"), None)
    found = frame_operations(build, lambda net: net(*(torch.zeros(size) for _ in range(4))))
    larger = frame_operations(build, lambda net: net(*(torch.zeros(1, 3, 128, 64) for _ in range(4))))
    assert larger.flops == 2 * found.flops and larger.parameters == found.parameters
    activations = found.memory - 4 * found.parameters
    assert larger.memory - 4 * found.parameters == 2 * activations > 8 * 4 * 3 * 64 * 64


def test_the_memory_of_a_frame_is_what_lives_together_not_what_was_ever_made():
    import torch

    def build():
        return nn.Sequential(*(nn.Conv2d(2, 2, 3, padding=1, bias=False) for _ in range(5)))

    found = frame_operations(build, lambda net: net(torch.zeros(1, 2, 8, 16)))
    one = 4 * 2 * 8 * 16
    # the frame that the caller holds, a layer's input and its output
    assert 2 * one <= found.memory - 4 * found.parameters <= 3 * one


@pytest.mark.slow
def test_nothing_there_is_counted_and_named_as_missing(study):
    plan = plan_study(load_study(study), RATES)
    stages = {stage.name: stage for stage in plan.stages}
    assert not any(stage.done for stage in plan.stages) and "report" in stages
    assert stages["train-deblur@bimc-pv"].basis == COUNTED and stages["train-deblur@bimc-pv"].hours > 0
    assert stages["train-deblur@input"].hours == 0 and stages["motion@smoke-bimnet"].hours is None
    assert any("data set smoke: run `dvc repro data/dvc.yaml:smoke`" in line for line in plan.missing)


@pytest.fixture
def uncounted(monkeypatch):
    """Every update takes 36 million operations and every frame 10 million; counting has its own tests."""
    for name in ("pretraining", "finetuning", "deblurring", "competitor"):
        monkeypatch.setattr(RowOperations, name, lambda *_: Operations(36e6, 5.0, 7))
    monkeypatch.setattr("pvdbench.study.row_operations.frame_operations", lambda *_: Operations(10e6, 5.0, 7))
    monkeypatch.setattr(RowOperations, "_with_flow", lambda _, found, *__: found)


def test_hours_are_steps_over_the_rate(study, uncounted):
    stages = {stage.name: stage for stage in plan_study(load_study(study), assumed_rates(1e5)).stages}
    assert stages["pretrain"].hours == pytest.approx(6 * 36e6 / 1e5 / 3600)  # six updates
    assert stages["train-motion@bimnet"].hours == pytest.approx(4 * 36e6 / 1e5 / 3600)


def test_what_was_measured_here_goes_before_counting(study, uncounted):
    cost = study / "data" / "cost" / "train" / "deblur" / "bimc-pv.json"
    cost.parent.mkdir(parents=True)
    facts = {"seconds": 7.2, "steps": 3, "peak_memory_mib": 100, "stage": "s", "hardware": "h"}
    cost.write_text(json.dumps(facts))
    stage = next(s for s in plan_study(load_study(study), RATES).stages if s.name == "train-deblur@bimc-pv")
    assert stage.basis == MEASURED and stage.memory == 100 * 2**20
    assert stage.hours == pytest.approx(7.2 / 3 * 6 / 3600)  # the smoke study's six updates


def test_frames_that_are_there_give_hours_and_disk_of_running(study, uncounted):
    frames = sum(len(clip.frames) for clip in read_clips(make_dataset(study / "data" / "smoke"), "test"))
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert (
        stages["deblur@smoke-bimc-pv"].hours == pytest.approx(frames * 10e6 / RATE / 3600)
        and stages["motion@smoke-bimnet"].disk > 0
    )
    assert stages["motion@smoke-tvl1"].hours is None  # no network to count


@pytest.mark.slow
def test_a_competitor_is_counted_by_its_own_network_and_recipe(study):
    params = yaml.safe_load((study / "params.yaml").read_text())
    kept = {row: params["deblur"][row] for row in ("input", "bimc", "bimc-pv")}
    params["deblur"] = kept | {"dvd": {"method": "dvd", "motion": "static"}}
    for table in ("table2", "table3"):
        params["tables"][table] = {"bimc-pv": "BIMC+PV"}
    figures = params["tables"]["figures"]
    figures |= {"deblur": {"rows": ["bimc-pv"], "better": "bimc-pv", "worse": "bimc-pv", "count": 1}, "compare": {}}
    del figures["warp"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    stage = next(s for s in plan_study(load_study(study), RATES).stages if s.name == "train-deblur@dvd")
    assert stage.basis == COUNTED and stage.disk == 4 * 15_305_291 and stage.hours > 1


def test_a_published_data_set_that_is_not_here_is_counted_by_its_split(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["datasets"]["test"] = ["su"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (study / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data" / "splits.csv", study / "data" / "splits.csv")
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert stages["deblur@su-bimc-pv"].hours == pytest.approx(1000 * 10e6 / RATE / 3600)  # Su et al.'s test frames
    assert stages["motion@su-bimnet"].disk == pytest.approx(1000 * 1280 * 720 * (8 + 1.5))


@pytest.mark.parametrize("dataset", ["su-2", "nah-linear"])
def test_names_of_data_sets_may_hold_hyphens(study, uncounted, dataset):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["datasets"]["test"] = ["smoke", dataset]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    frames = sum(len(clip.frames) for clip in read_clips(make_dataset(study / "data" / dataset), "test"))
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert stages[f"deblur@{dataset}-bimc-pv"].hours == pytest.approx(frames * 10e6 / RATE / 3600)


def test_videos_without_truth_are_planned_like_others(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["tables"]["figures"]["qualitative"] = {"datasets": ["real"], "rows": ["bimc-pv"]}
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (study / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data" / "splits.csv", study / "data" / "splits.csv")
    plan = plan_study(load_study(study), RATES)
    stages = {stage.name: stage for stage in plan.stages}
    assert stages["qualitative@real-bimc-pv"].hours == pytest.approx(2740 * 10e6 / RATE / 3600)
    assert any(line.startswith("data set real") for line in plan.missing)


def test_the_default_study_with_its_competitors_has_a_plan(study, uncounted):
    shutil.copy(ROOT / "params.yaml", study / "params.yaml")
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert stages["train-deblur@deepdeblur"].hours == pytest.approx(300 * 36e6 / RATE / 3600)


def test_what_a_published_data_set_takes_is_said_before_it_is_downloaded(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["datasets"]["test"] = ["su"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (study / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data" / "sources.yaml", study / "data" / "sources.yaml")
    missing = plan_study(load_study(study), RATES).missing
    assert any(line.startswith("data set su (to download: 3.7 GB; on disk three times that") for line in missing)


def test_a_subset_that_is_not_here_is_named_by_its_stage(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["datasets"]["test"] = ["smoke", "su-2"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (study / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data" / "params.yaml", study / "data" / "params.yaml")
    missing = plan_study(load_study(study), RATES).missing
    assert "data set su-2: run `dvc repro data/dvc.yaml:subset@su-2`" in missing


def test_a_disk_too_small_for_outputs_and_cache_is_named(study, uncounted, monkeypatch):
    make_dataset(study / "data" / "smoke")
    disk = plan_study(load_study(study), RATES).disk
    for free, named in ((int(1.9 * disk), True), (int(2.1 * disk), False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: shutil._ntuple_diskusage(free, 0, free))
        assert any(line.startswith("disk:") for line in plan_study(load_study(study), RATES).missing) is named


def test_given_weights_say_which_network_is_counted(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["deblur"]["theirs"] = {"method": "pvdnet", "motion": "static", "weights": "theirs"}
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    make_dataset(study / "data" / "smoke")
    hours = []
    for there in (False, True):
        if there:
            network = VideoDeblurrer(NetworkParams(volume="warp", width=0.0625, blocks=1), None)
            save_weights(study / "data/given/theirs.safetensors", network.state_dict(), architecture(network))
        stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
        hours.append(stages["deblur@smoke-theirs"].hours)
    assert hours[0] is None and hours[1] > 0


@pytest.mark.parametrize("header", [{}, {"network": "srn"}, {"network": None, "params": [1]}])
def test_given_weights_of_another_method_are_not_counted(study, uncounted, header):
    _give(study, header)
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert stages["deblur@smoke-theirs"].hours is None


@pytest.mark.parametrize("header", [
    {"network": "pvdnet"}, {"network": "pvdnet", "params": {"volume": "warp"}, "motion": {}},
    {"network": "pvdnet", "params": {"volume": "warp"}, "motion": "static"},
    {"network": "pvdnet", "params": {"volume": "wrap"}, "motion": None},
    {"network": "pvdnet", "params": None, "motion": None},
    {"network": "pvdnet", "params": {"volume": "warp"}, "motion": {"network": "liteflownet", "width": "a"}},
])  # fmt: skip
def test_given_weights_whose_header_describes_nothing_are_named(study, uncounted, header):
    _give(study, header)
    with pytest.raises(WeightsError, match=r"theirs\.safetensors: its header describes no network that can be built"):
        plan_study(load_study(study), RATES)


def _give(study, header):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["deblur"]["theirs"] = {"method": "pvdnet", "motion": "static", "weights": "theirs"}
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    make_dataset(study / "data" / "smoke")
    save_weights(study / "data/given/theirs.safetensors", {"w": torch.ones(1)}, header)


def test_a_study_outside_a_dvc_repository_is_one_line(study, uncounted):
    shutil.rmtree(study / ".dvc")
    with pytest.raises(StudyError, match=r"DVC cannot read the study: .*; clone pvdbench with git"):
        plan_study(load_study(study), RATES)


def test_given_weights_that_are_not_there_are_named(study, uncounted):
    params = yaml.safe_load((study / "params.yaml").read_text())
    params["motion"]["bimnet"]["weights"] = "theirs"
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    missing = plan_study(load_study(study), RATES).missing
    assert any(line.startswith("weights theirs: `pvdbench weights import FILE --out") for line in missing)


@pytest.mark.slow
def test_competitors_are_counted_by_their_own_recipes(study):
    """DVD-MC looks at values, which a count without computing has not."""
    params = yaml.safe_load((study / "params.yaml").read_text())
    short = {"steps": 10, "batch": 2, "crop": [32, 32]}
    params["deblur"] = {
        "ours": {"method": "srn", "motion": "static", "training": short},
        "longer": {"method": "srn", "motion": "static", "training": short | {"steps": 20}},
        "mc": {"method": "dvd", "motion": "static", "options": {"align": "tvl1"}, "training": short},
    } | params["deblur"]
    (study / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    ours, longer = stages["train-deblur@ours"], stages["train-deblur@longer"]
    assert ours.basis == COUNTED and ours.disk == 4 * 8_061_411
    assert ours.hours and longer.hours == pytest.approx(2 * ours.hours)
    assert stages["train-deblur@mc"].hours is None


def test_stages_that_compute_no_network_take_what_they_took_here(study, uncounted):
    seconds = study / "data" / "logs" / "stages" / "seconds.json"
    seconds.parent.mkdir(parents=True)
    seconds.write_text(json.dumps({"tables": 7.2, "truth@smoke": 36}))
    stages = {stage.name: stage for stage in plan_study(load_study(study), RATES).stages}
    assert stages["tables"].basis == stages["truth@smoke"].basis == MEASURED
    assert stages["tables"].hours == pytest.approx(0.002) and stages["truth@smoke"].hours == pytest.approx(0.01)
    assert stages["figures"].hours is None


def test_scoring_takes_its_frames_by_the_rate_of_the_machine(study, uncounted):
    rates = MachineRates(((1.0, RATE),), {"score-deblur": FrameSeconds(0.5, 100), "score-volume": FrameSeconds(1, 1)})
    make_dataset(study / "data" / "smoke", videos=("a", "b"), frames=4, size=(48, 64))
    stages = {stage.name: stage for stage in plan_study(load_study(study), rates).stages}
    assert stages["score-deblur@smoke-bimc-pv"].basis == BY_RATE
    assert stages["score-deblur@smoke-bimc-pv"].hours == pytest.approx(8 * (0.5 + 100 * 48 * 64 / 1e6) / 3600)
    per_video = load_study(study).params.protocols.volume.frames_per_video
    assert stages["score-volume@smoke"].hours == pytest.approx(2 * min(per_video, 4) * (1 + 48 * 64 / 1e6) / 3600)
    assert stages["score-motion@smoke-bimnet"].hours is None  # of which the rates say nothing


def test_the_rate_of_a_network_lies_between_those_measured():
    rates = MachineRates(((1e9, 1e10), (1e11, 4e10)), hardware="here")
    assert rates.seconds(1e8, 2) == pytest.approx(2e8 / 1e10)
    assert rates.seconds(1e10, 1) == pytest.approx(1e10 / 2e10)  # half way by logarithms
    assert rates.seconds(1e13, 1) == pytest.approx(1e13 / 4e10)


def test_a_machine_is_measured_once_for_each_version_and_its_hardware(tmp_path, monkeypatch):
    measured = []

    def measure():
        measured.append(1)
        return MachineRates(((1e9, 1e10), (1e11, 4e10)), {"truth": FrameSeconds(0.0, 2.0)}, hardware())

    monkeypatch.setattr("pvdbench.study.rate_measurement.measure_rates", measure)
    first = machine_rates(tmp_path)
    assert machine_rates(tmp_path) == first and len(measured) == 1
    (file,) = tmp_path.iterdir()
    kept = json.loads(file.read_text())
    for damaged in ({"hardware": "another"}, {"operations": []}, {"operations": [[1, 0]]}, {"frames": {"truth": 3}}):
        file.write_text(json.dumps(kept | damaged))
        assert machine_rates(tmp_path) == first
    assert len(measured) == 5
    monkeypatch.setattr("pvdbench.study.kept_rates.__version__", "9.9")
    machine_rates(tmp_path)
    assert len(measured) == 6


def test_measuring_gives_a_rate_for_every_stage_that_scores_and_leaves_random_numbers_alone():
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    rates = measure_rates()
    assert set(rates.frames) == {"truth", "score-deblur", "score-motion", "score-volume", "files"}
    (small, slow), (large, fast) = rates.operations
    assert 1e9 < small < large and slow > 0 and fast > 0 and rates.hardware == hardware()
    assert torch.equal(state, torch.random.get_rng_state()) and torch.get_num_threads() == threads
