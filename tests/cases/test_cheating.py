"""No cheating, by accident or by design: a method gets copies of the blurry frames, and no way to the sharp ones."""

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from fake_method import CARD, write_method
from sample_clips import save

from pvdbench.core.errors import DataError, ParamsError, StudyError, WeightsError
from pvdbench.inference.row_run import RowRun
from pvdbench.inference.runner import run_row
from pvdbench.io.frame_folders import read_failure
from pvdbench.io.images import read_frame
from pvdbench.io.weights import save_weights
from pvdbench.methods import sandbox
from pvdbench.methods.surroundings import telling_variables
from pvdbench.networks.params import NetworkParams
from pvdbench.networks.video_deblurrer import VideoDeblurrer, architecture
from pvdbench.study.study import load_study

CHEAT = "yield from (clip.truth if clip.truth is not None else clip)"


def run(place, dataset, tmp_path, name="x", **how):
    files = (tmp_path / file for file in ("out", "complexity.json", "cost.json", "x.log"))
    how = {"trained": None, "threads": 1, "task": "deblur"} | how
    task, trained = how.pop("task"), how.pop("trained")
    return run_row(RowRun(task, "stage", "ours", place, name, trained, dataset, *files, **how))


def said(dataset, tmp_path, look, **how):
    """What a method sees: the reason that it fails with."""
    lines = "\n        ".join(look.strip().splitlines())
    place = write_method(tmp_path / "methods", "x", deblur=f"{lines}\n        raise ValueError(said)\n        yield")
    return run(place, dataset, tmp_path, **how).partition("ValueError: ")[2]


@pytest.mark.parametrize(
    ("card", "load"),
    [("", "self.upper_bound = True"), ("upper_bound: false\n", "type(self).upper_bound = True"),
     ("upper_bound: by-weights\n", "self.upper_bound = True")],
)  # fmt: skip
def test_a_class_that_calls_itself_an_upper_bound_gets_no_truth(dataset, tmp_path, card, load):
    reason = run(write_method(tmp_path / "m", "x", deblur=CHEAT, load=load, card=card), dataset, tmp_path)
    assert "its class sets upper_bound" in reason and not list((tmp_path / "out").rglob("*.png"))


def test_a_class_that_says_so_after_it_was_loaded_gets_none_either(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x", deblur=f"self.upper_bound = True; {CHEAT}")
    assert run(place, dataset, tmp_path) == ""
    assert (read_frame(tmp_path / "out/a/00001.png") == read_frame(dataset / "a/input/00001.png")).all()


def test_the_card_alone_hands_the_truth_over(dataset, tmp_path):
    assert run(write_method(tmp_path / "m", "x", deblur=CHEAT, card="upper_bound: true\n"), dataset, tmp_path) == ""
    assert (read_frame(tmp_path / "out/a/00001.png") == read_frame(dataset / "a/GT/00001.png")).all()


@pytest.mark.parametrize(("volume", "sees"), [("ideal", True), ("warp", False)])
def test_by_weights_the_header_of_the_weights_decides(dataset, tmp_path, volume, sees):
    model = VideoDeblurrer(NetworkParams(volume=volume, width=0.125, blocks=1), None)
    save_weights(tmp_path / "w.safetensors", model.state_dict(), architecture(model))
    place = write_method(tmp_path / "m", "x", deblur=CHEAT, card="upper_bound: by-weights\n")
    assert run(place, dataset, tmp_path, trained=tmp_path / "w.safetensors") == ""
    expected = dataset / "a" / ("GT" if sees else "input") / "00001.png"
    assert (read_frame(tmp_path / "out/a/00001.png") == read_frame(expected)).all()


@pytest.mark.parametrize("key", ["trained", "given"])
def test_weights_that_see_the_truth_of_a_row_that_no_table_marks_are_refused(dataset, tmp_path, key):
    model = VideoDeblurrer(NetworkParams(volume="ideal", width=0.125, blocks=1), None)
    save_weights(tmp_path / "w.safetensors", model.state_dict(), architecture(model))
    place = write_method(tmp_path / "m", "x", deblur=CHEAT, card="upper_bound: by-weights\n")
    with pytest.raises(WeightsError, match=r"see the truth .* no table would mark it"):
        run(place, dataset, tmp_path, **{key: tmp_path / "w.safetensors"}, bound=False)
    assert not (tmp_path / "out").exists()
    assert run(place, dataset, tmp_path, **{key: tmp_path / "w.safetensors"}, bound=True) == ""


def test_given_weights_go_before_the_network_that_a_row_says_it_has(tmp_path):
    study = load_study(ROOT / "studies" / "variants")
    model = VideoDeblurrer(NetworkParams(volume="ideal", width=0.125, blocks=1), None)
    save_weights(tmp_path / "data/given/w.safetensors", model.state_dict(), architecture(model))
    rows = dict(study.params.deblur)
    rows["warp"] = rows["warp"].model_copy(update={"weights": "w"})
    params = study.params.model_copy(update={"deblur": rows})
    here = replace(study, params=params)
    assert here.upper_bounds == ["ideal"]  # the weights are not there
    shutil.copytree(ROOT / "methods", tmp_path / "methods")
    here = replace(study, folder=tmp_path, params=params.model_copy(update={"root": Path()}))
    assert set(here.upper_bounds) == {"warp", "ideal"}


WAYS = {
    "the clip": "said = str([vars(clip), clip, clip._paths])",
    "its surroundings": "import os, sys; said = str([os.getcwd(), sys.argv, sys.orig_argv, dict(os.environ)])",
    "the process": """
import pathlib
own = pathlib.Path('/proc/self')
said = str([(own / n).read_bytes() for n in ('environ', 'cmdline')] + [own.joinpath('cwd').resolve()])
said += str([fd.resolve() for fd in (own / 'fd').iterdir() if int(fd.name) > 2])""",
    "its callers": """
import sys
frame, said = sys._getframe(), ''
while frame := frame.f_back:
    said += str({**frame.f_locals, **frame.f_globals})""",
    "its modules": "import sys; said = str([vars(m) for n, m in sys.modules.items() if n.startswith('pvdbench')])",
    "its temporary folder": """
import os, pathlib, tempfile
said = tempfile.gettempdir() + str([os.readlink(p) for p in pathlib.Path(tempfile.gettempdir()).rglob('*') if
                                    p.is_symlink()])""",
    "referents": """
import gc
said = ''.join(s for o in gc.get_objects() for s in gc.get_referents(o) if isinstance(s, str) and 'manifest' in s)""",
    "all objects": "import gc; said = str([o for o in gc.get_objects() if type(o).__name__ in {'RowRun', 'Place'}])",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_a_method_is_given_names_the_data_set(dataset, tmp_path, monkeypatch, way):
    monkeypatch.setenv("OF_THE_STUDY", str(dataset))
    look = WAYS[way] + f"\nname = {str(dataset)!r}; said = f'names it: {{name in said}}'"
    assert said(dataset, tmp_path, look).startswith("names it: False")


def test_its_folder_holds_copies_no_link_and_no_truth_and_is_gone_afterwards(dataset, tmp_path):
    look = """
import os, pathlib
files = [path for path in pathlib.Path.cwd().rglob('*') if path.is_file()]
frames = {path.read_bytes() for path in files}
linked = [path for path in files if path.is_symlink() or path.stat().st_nlink > 1]
said = f'{len(frames)} {len(linked)} {len([p for p in files if "GT" in str(p)])} {clip._paths[0]} {os.getcwd()}'"""
    found = said(dataset, tmp_path, look).split(" (")[0].split()
    assert found[:3] == ["8", "0", "0"] and not Path(found[4]).exists()


@pytest.mark.parametrize("way", ["../GT/00001.png", "../../a/GT/00001.png", "../../../tiny/a/GT/00001.png"])
def test_the_truth_beside_the_input_is_not_beside_it(dataset, tmp_path, way):
    deblur = f"found = (clip._paths[0].parent / {way!r}).exists(); assert not found, 'the truth'; yield from clip"
    assert run(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path) == ""


def test_a_program_gets_a_folder_of_its_own_too(dataset, tmp_path):
    (tmp_path / "m" / "x").mkdir(parents=True)
    (tmp_path / "m" / "x" / "method.yaml").write_text(
        CARD + "kind: command\ncommand: {argv: [sh, -c, 'pwd; env; echo {input}; find . ; false']}\n"
    )
    assert "exit code 1" in run(tmp_path / "m", dataset, tmp_path)
    log = (tmp_path / "x.log").read_text()
    assert str(dataset) not in log and "./input/00003.png" in log and "GT" not in log


def test_spoiling_the_copies_harms_nobody_else(dataset, tmp_path):
    before = {path: path.read_bytes() for path in dataset.rglob("*.png")}
    deblur = "frames = list(clip); [path.write_bytes(b'') for path in clip._paths]; yield from frames"
    assert "no readable PNG" in run(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path)
    assert {path: path.read_bytes() for path in dataset.rglob("*.png")} == before


@pytest.mark.parametrize(
    ("part", "how"),
    [("a/GT/00001.png", "as old and large"), ("b/input/00002.png", "gone"), ("a/flow/00001.flo", "as old and large"),
     ("manifest.csv", "as old and large")],
)  # fmt: skip
def test_a_changed_file_of_the_data_set_stops_the_study(dataset, tmp_path, part, how):
    path = str(dataset / part)
    change = "os.utime(p, ns=(s.st_atime_ns, s.st_mtime_ns))" if how != "gone" else "os.unlink(p)"
    deblur = f"""
        import os
        p = {path!r}
        if os.path.exists(p):
            s, data = os.stat(p), open(p, 'rb').read()
            open(p, 'wb').write(data[:-1] + bytes([data[-1] ^ 1]))
            {change}
        yield from clip"""
    place = write_method(tmp_path / "m", "x", deblur=deblur)
    with pytest.raises(DataError, match=r"the method changed this file of the data set while ours ran"):
        run(place, dataset, tmp_path)
    assert part in read_failure(tmp_path / "out") and not list((tmp_path / "out").rglob("*.png"))


def test_precomputed_frames_that_are_the_truth_are_no_result(dataset, tmp_path):
    (tmp_path / "m" / "x").mkdir(parents=True)
    (tmp_path / "link").symlink_to(dataset)
    for folder in (dataset, tmp_path / "link"):
        card = f"kind: folder\nframes: {{path: '{folder}/{{video}}/GT/{{frame}}.png'}}\n"
        (tmp_path / "m" / "x" / "method.yaml").write_text(CARD + card)
        assert "is a sharp frame of the data set itself" in run(tmp_path / "m", dataset, tmp_path)


@pytest.mark.parametrize("way", [shutil.copyfile, os.link])
def test_nor_are_copies_of_them_all(dataset, tmp_path, way):
    (tmp_path / "m" / "x").mkdir(parents=True)
    card = "kind: folder\nframes: {path: 'frames/{video}-{frame}.png'}\n"
    (tmp_path / "m" / "x" / "method.yaml").write_text(CARD + card)
    (tmp_path / "m" / "x" / "frames").mkdir()
    for sharp in dataset.glob("*/GT/*.png"):
        way(sharp, tmp_path / "m" / "x" / "frames" / f"{sharp.parts[-3]}-{sharp.name}")
    assert "all of its frames are copies of the data set's sharp ones" in run(tmp_path / "m", dataset, tmp_path)
    other = tmp_path / "m" / "x" / "frames" / "a-00001.png"  # one that is none: some frames of a method may be perfect
    other.unlink()
    shutil.copyfile(dataset / "a/input/00001.png", other)
    assert run(tmp_path / "m", dataset, tmp_path) == ""


STOLEN = """
        from pvdbench.io.images import read_frame
        import pathlib
        for place in sorted(pathlib.Path({truth!r}, clip.video, 'GT').iterdir()):
            yield torch.from_numpy(read_frame(place).copy()).permute(2, 0, 1).float() / 255"""


def test_results_that_are_the_truth_are_none_wherever_a_method_found_it(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x", deblur=STOLEN.format(truth=str(dataset)))
    assert "all of its frames are copies of the data set's sharp ones" in run(place, dataset, tmp_path)
    assert not list((tmp_path / "out").rglob("*.png"))


def test_nor_are_sharp_frames_that_were_saved_anew_unless_the_card_says_so(dataset, tmp_path):
    folder = tmp_path / "m" / "x"
    for sharp in dataset.glob("*/GT/*.png"):
        save(folder / "frames" / f"{sharp.parts[-3]}-{sharp.stem}.png", read_frame(sharp), compress_level=1)
    card = "kind: folder\nframes: {path: 'frames/{video}-{frame}.png'}\n"
    (folder / "method.yaml").write_text(CARD + card)
    assert "all of its frames are copies" in run(tmp_path / "m", dataset, tmp_path)
    for path in ("frames/{video}-{frame}.png", f"{dataset}/{{video}}/GT/{{frame}}.png"):
        card = f"kind: folder\nframes: {{path: '{path}'}}\nupper_bound: true\n"
        (folder / "method.yaml").write_text(CARD + card)
        assert run(tmp_path / "m", dataset, tmp_path) == ""


def test_a_method_that_changes_nothing_may_be_perfect_where_nothing_is_blurry(dataset, tmp_path):
    for sharp in dataset.glob("*/GT/*.png"):
        shutil.copyfile(sharp, sharp.parents[1] / "input" / sharp.name)
    assert run(write_method(tmp_path / "m", "x"), dataset, tmp_path) == ""


@pytest.mark.parametrize(
    "way", ["ln -s {truth}/a/GT/$f {{output}}/$f", "rmdir {{output}}; ln -sfn {truth}/a/GT {{output}}"]
)
def test_a_program_s_links_out_of_its_folder_are_no_results(dataset, tmp_path, way):
    (tmp_path / "m" / "x").mkdir(parents=True)
    line = f"for f in 00000.png 00001.png 00002.png 00003.png; do {way.format(truth=dataset)}; done; true"
    (tmp_path / "m" / "x" / "method.yaml").write_text(
        CARD + f"kind: command\ncommand: {{argv: [sh, -c, '{line}']}}\n"
    )
    assert "is a link to" in run(tmp_path / "m", dataset, tmp_path)


def test_a_program_s_links_within_its_folder_are(dataset, tmp_path):
    (tmp_path / "m" / "x").mkdir(parents=True)
    argv = "kind: command\ncommand: {argv: [sh, -c, 'ln -s {input}/* {output}/']}\n"
    (tmp_path / "m" / "x" / "method.yaml").write_text(CARD + argv)
    assert run(tmp_path / "m", dataset, tmp_path) == ""


KEEP = "import pathlib; pathlib.Path(__file__).with_name('kept').write_text(clip.video); yield from clip"


def test_what_sees_the_truth_leaves_nothing_for_a_later_row(dataset, tmp_path, capsys):
    place = write_method(tmp_path / "m", "x", deblur=KEEP, card="upper_bound: true\n")
    assert "kept of the method's own folder was changed" in run(place, dataset, tmp_path)
    assert not list((tmp_path / "out").rglob("*.png"))
    place = write_method(tmp_path / "other", "x", deblur=KEEP)
    assert run(place, dataset, tmp_path) == "" and "kept of the method's own folder" in capsys.readouterr().err


@pytest.mark.parametrize("template", ["frames/{video}-{frame:.2}.png", "frames/{frame}.png"])
def test_one_file_is_no_result_of_two_frames(dataset, tmp_path, template):
    (tmp_path / "m" / "x").mkdir(parents=True)
    card = f"kind: folder\nframes: {{path: '{template}'}}\n"
    (tmp_path / "m" / "x" / "method.yaml").write_text(CARD + card)
    assert "would be the result of 'a/0000" in run(tmp_path / "m", dataset, tmp_path)


@pytest.mark.parametrize("value", ["'true'", "'yes'", "2", "1.5", "by_weights", "[true]", "null", "'false'", "truth"])
def test_whether_it_is_an_upper_bound_is_said_in_the_card_s_words(dataset, tmp_path, value):
    place = write_method(tmp_path / "m", "x", deblur=CHEAT, card=f"upper_bound: {value}\n")
    with pytest.raises(ParamsError, match=r"method\.yaml: upper_bound: ") as refused:
        run(place, dataset, tmp_path)
    assert len(str(refused.value)) < 290


def test_a_motion_estimator_sees_the_pair_alone_and_the_sharp_frame_is_warped(dataset, tmp_path):
    place = write_method(tmp_path / "m", "x")
    card = (place / "x" / "method.yaml").read_text().replace("task: deblur", "task: motion")
    (place / "x" / "method.yaml").write_text(card)
    (place / "x" / "adapter.py").write_text(
        "import pathlib\nclass Method:\n    def load(self, weights, device): pass\n"
        "    def parameters(self): return {}\n"
        "    def flow(self, target, source):\n        assert not list(pathlib.Path.cwd().rglob('truth*'))\n"
        "        return target.new_zeros(2, *target.shape[1:])\n"
    )
    assert run(place, dataset, tmp_path, task="motion") == ""
    assert (read_frame(tmp_path / "out/a/00002.png") == read_frame(dataset / "a/GT/00001.png")).all()


def boxes():
    try:
        sandbox.require_bubblewrap()
    except StudyError as error:
        return str(error)
    return ""


@pytest.mark.skipif(bool(boxes()), reason=boxes())
@pytest.mark.parametrize("where", ["/proc/*/cwd", "/proc/*/root", "/proc/*/fd/*", "/proc/*/environ"])
def test_in_the_sandbox_no_other_process_leads_to_the_data_set(dataset, tmp_path, where):
    deblur = f"""
        import glob, os
        for path in glob.glob({where!r}):
            try:
                found = open(path).read() if path.endswith('environ') else os.path.realpath(path)
            except OSError:
                continue
            assert {str(dataset)!r} not in found, 'named'
            assert not os.path.exists(path + {str(dataset / "manifest.csv")!r}), 'there'
        yield from clip"""
    place = write_method(tmp_path / "m", "x", deblur=deblur)
    assert run(place, dataset, tmp_path, sandbox=True) == ""


@pytest.mark.skipif(bool(boxes()), reason=boxes())
def test_a_child_in_a_session_of_its_own_ends_with_the_sandbox(dataset, tmp_path):
    deblur = f"""
        import subprocess
        subprocess.Popen(['setsid', 'sh', '-c', 'sleep 3; echo x > {tmp_path}/late; touch {tmp_path}/out/late'])
        yield from clip"""
    assert run(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path, sandbox=True) == ""
    time.sleep(3.5)
    assert not (tmp_path / "late").exists() and not (tmp_path / "out" / "late").exists()


@pytest.mark.skipif(bool(boxes()), reason=boxes())
def test_in_the_sandbox_there_is_no_data_set_no_network_and_nothing_to_write_to(dataset, tmp_path):
    look = f"""
import pathlib, socket
tried = [len(list(pathlib.Path({str(dataset)!r}).rglob('*')))]
for path in ({str(dataset / 'x')!r}, {str(tmp_path / 'x')!r}, '/tmp/x-of-a-method', 'own'):
    try:
        pathlib.Path(path).write_text('x')
        tried.append('written')
    except OSError as error:
        tried.append(error.errno)
tried.append(socket.if_nameindex()[1:])
said = str(tried)"""
    lines = "\n        ".join(look.strip().splitlines())
    deblur = f"{lines}\n        assert tried == [0, 30, 30, 30, 'written', []], said\n        yield from clip"
    assert run(write_method(tmp_path / "m", "x", deblur=deblur), dataset, tmp_path, sandbox=True) == ""
    assert len(list((tmp_path / "out").rglob("*.png"))) == 8


@pytest.mark.parametrize(("code", "message"), [(None, "apt install bubblewrap"), (1, "allow user namespaces")])
def test_where_no_sandbox_can_be_made_nothing_runs(dataset, tmp_path, monkeypatch, code, message):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: code and name)
    monkeypatch.setattr(sandbox.subprocess, "run", lambda words, **how: subprocess.CompletedProcess(words, 1, "", "no"))
    with pytest.raises(StudyError, match=message):
        run(write_method(tmp_path / "m", "x"), dataset, tmp_path, sandbox=True)
    assert not (tmp_path / "out").exists()


def test_threads_and_gradients_are_as_they_were(dataset, tmp_path):
    look = "import torch; said = f'{torch.get_num_threads()} {torch.is_grad_enabled()}'"
    assert said(dataset, tmp_path, look).startswith(f"1 {torch.is_grad_enabled()}")


def test_a_link_and_a_relative_path_tell_it_too(tmp_path, monkeypatch):
    (tmp_path / "study" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    for name, value in {"A": f"{tmp_path}/link", "B": f"{tmp_path}/link/data", "C": "./study/data"}.items():
        monkeypatch.setenv(f"MY_{name}", value)
    monkeypatch.setenv("MY_D", str(tmp_path))  # which it is in
    found = telling_variables([tmp_path / "study"])
    assert {name for name in found if name.startswith("MY_")} == {"MY_A", "MY_B", "MY_C"}


def test_of_a_list_of_paths_the_entries_that_tell_nothing_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"/opt/tools:{tmp_path}/study:/usr/more")
    monkeypatch.setenv("MY_DATA", f"{tmp_path}/study/data")
    found = telling_variables([tmp_path / "study"])
    assert found["PYTHONPATH"] == "/opt/tools:/usr/more" and found["MY_DATA"] == ""
