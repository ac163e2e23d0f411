"""Methods in several folders, and files that a card names."""

from itertools import pairwise

import pytest
from fake_method import write_method

from pvdbench.core.errors import MethodError, ParamsError
from pvdbench.methods.card import named_files, read_card
from pvdbench.methods.folders import check_folders, find_method
from pvdbench.study.code_records import method_code


def test_a_method_is_found_in_whichever_folder_holds_it(tmp_path):
    one, two = write_method(tmp_path / "one", "a"), write_method(tmp_path / "two", "b")
    check_folders([one, two])
    assert (find_method([one, two], "a"), find_method([one, two], "b")) == (one, two)
    with pytest.raises(MethodError, match=r"one: no method 'c' with a method.yaml is there; choose from a, b"):
        find_method([one, two], "c")


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    places = [write_method(tmp_path / "one", "a"), write_method(tmp_path / "two", "a")]
    with pytest.raises(MethodError, match=r"two/a: .*one/a is a method of this name, too; rename one"):
        check_folders(places)


@pytest.mark.parametrize(
    ("name", "message"),
    [("B_c", "'B_c' cannot be a method's name; choose small letters"), (None, "this folder holds no method")],
)
def test_a_folder_without_methods_or_with_a_wrong_name_is_refused(tmp_path, name, message):
    if name:
        write_method(tmp_path, name)
    with pytest.raises(MethodError, match=message):
        check_folders([tmp_path])


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("kind: folder\n", "frames: kind: folder needs this key"),
        ("frames: {path: a}\n", "frames: this key is for kind: folder alone, and the kind is python"),
        ("kind: command\n", "command: kind: command needs this key"),
        ("kind: command\ncommand: {argv: []}\n", "command.argv: list should have at least 1 item"),
        ("kind: docker\n", "kind: input should be 'python', 'folder' or 'command'"),
        (
            "kind: command\ncommand: {argv: [x]}\nweights: {a: {file: a}, b: {file: b}}\n",
            "weights: a command takes one file, not 2",
        ),
        ("weights: {a: {file: a, sha256: abc}}\n", "weights.a.sha256: string should match pattern"),
        ("seconds_a_frame: 0\n", "seconds_a_frame: input should be greater than 0"),
    ],
)
def test_keys_that_do_not_belong_together_are_refused(tmp_path, card, message):
    with pytest.raises(ParamsError) as error:
        read_card(write_method(tmp_path, "x", card=card), "x")
    assert message in str(error.value)


def test_a_motion_method_runs_in_this_python(tmp_path):
    place = write_method(tmp_path, "x", card="kind: folder\nframes: {path: '{frame}'}\n")
    card = place / "x" / "method.yaml"
    card.write_text(card.read_text().replace("deblur", "motion"))
    with pytest.raises(ParamsError, match="kind: a method of motion is of kind python, not folder"):
        read_card(place, "x")


def test_the_files_that_a_card_names_are_those_that_are_there(tmp_path):
    card = "adapter: ../other/adapter.py\nweights: {net: {file: ../net.pt}, gone: {file: gone.pt}}\n"
    place = write_method(tmp_path / "methods", "x", card=card)
    write_method(tmp_path / "methods", "other")
    (place / "net.pt").write_text("")
    named = {path.resolve().relative_to(place) for path in named_files(place / "x", read_card(place, "x"))}
    assert {str(path) for path in named} == {"other/adapter.py", "net.pt"}


def test_a_row_runs_again_when_weights_frames_or_an_adapter_elsewhere_change(tmp_path):
    frames = "kind: folder\nframes: {path: '../frames/{video}/{frame}.png'}\n"
    place = write_method(tmp_path / "m", "x", card="adapter: ../z/adapter.py\nweights: {net: {file: ../net.pt}}\n")
    write_method(place, "y", card=frames)
    write_method(place, "z")
    files = [place / "z" / "adapter.py", place / "net.pt", place / "frames" / "a" / "0.png"]
    files[2].parent.mkdir(parents=True)
    seen = []
    for file in [None, *files]:
        for path in files if file is None else [file]:
            path.write_text("new" if file else "old")
        seen.append({name: method_code(place / name) for name in ("x", "y")})
    changed = [{name for name in after if after[name] != before[name]} for before, after in pairwise(seen)]
    assert changed == [{"x"}, {"x"}, {"y"}]
