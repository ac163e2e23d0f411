"""Each reader on whole files that are harmed at random, and on what was found before: read, or refused in one line."""

import hashlib
import os
import zipfile
from pathlib import Path

import pytest
from fuzz.limits import reads_or_refuses
from fuzz.mutations import harm, hostile_pickles
from fuzz.readers import READERS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
INPUTS = int(os.environ.get("PVDBENCH_FUZZ_INPUTS", "200"))
"""Of each reader; those that take longer get fewer, as READERS says."""
STEPS = st.lists(
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 1 << 20), st.integers(0, 1 << 16)), min_size=1, max_size=4
)


@pytest.fixture(scope="module", params=READERS)
def reader(request, tmp_path_factory):
    """A reader, the path of a whole file, and its bytes."""
    found = READERS[request.param]
    path = tmp_path_factory.mktemp("reader") / found.file
    found.write(path)
    if not path.exists():
        path.write_bytes(b"{}")
    return request.param, found, path, path.read_bytes()


def try_bytes(reader, content):
    """Read content; keep it in the corpus where the reader fails."""
    name, found, path, _ = reader
    path.write_bytes(content)
    try:
        return reads_or_refuses(found.read, path)
    except BaseException:
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        (CORPUS / name / "found").write_bytes(content)
        raise


def test_what_is_whole_is_read(reader):
    assert not try_bytes(reader, reader[-1]) or reader[0] == "checkpoint of others"


def test_what_was_found_before(reader):
    for path in sorted((CORPUS / reader[0]).glob("*")):
        try_bytes(reader, path.read_bytes())


def test_at_random(reader):
    name, found, _, whole = reader
    seed = int(hashlib.sha256(name.encode()).hexdigest(), 16) + int(os.environ.get("PVDBENCH_FUZZ_SEED", "0"))

    @settings(
        max_examples=max(INPUTS // found.each, 5),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=STEPS)
    def harmed(steps):
        try_bytes(reader, harm(found.form, whole, steps))

    with_seed(seed)(harmed)()


OTHERS = [
    b"",
    b"\0" * 100,
    b"3",
    b"null",
    b"[]",
    b'"x"',
    b"{}",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"\xff\xfe\0a",
    b"NaN",
    b"9" * 5000,
    b"<html></html>",
    b"PK\x03\x04",
    b"\x80\x02.",
    b"PIEH",
    bytes(range(256)),
    b"a,b\n\0,\n",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    b"\x93NUMPY\x01\0\x10\0(((((((((((((((",
    b"a: &a [*a]",
    b"PIEH\xff\xff\xff\x7f\xff\xff\xff\x7f",
    b"\xff" * 7 + b"\x7f{",
    (1 << 47).to_bytes(8, "little") + b"{}",
]
LONG = {
    "one line": b"x" * 10_000_000,
    "brackets": b"[" * 10_000_000,
    "commas": b"," * 10_000_000,
    "lines": b"a\n" * 5_000_000,
    "digits": b"1" * 10_000_000,
    "many columns": b",".join(b"%d" % n for n in range(1_000_000)),
    "quotes": b'"' * 9_999_999,
    "many keys": b"".join(b"a%d: 1\n" % n for n in range(700_000)),
    "a list": b"[" + b"1," * 4_000_000 + b"1]",
    "a pickle": b"\x80\x02" + b"K\x01" * 4_000_000,
}


def test_something_else_altogether(reader):
    for content in OTHERS:
        try_bytes(reader, content)


ONE_OF_EACH_KIND = ("study", "dvc.lock", "scores", "cost", "flow", "frame", "old checkpoint", "any weights", "archive")


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_ten_million_bytes(name, tmp_path):
    path = tmp_path / READERS[name].file
    READERS[name].write(path)
    for content in LONG.values():
        path.write_bytes(content)
        reads_or_refuses(READERS[name].read, path)


@pytest.mark.parametrize("place", ["folder", "pipe", "device", "link to itself", "link to nothing", "nothing"])
def test_something_else_in_its_place(reader, place):
    _, found, path, whole = reader
    path.unlink()
    match place:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "nothing":
            pass
        case _:
            path.symlink_to({"device": "/dev/zero", "link to itself": path, "link to nothing": "none"}[place])
    try:
        reads_or_refuses(found.read, path)
    finally:
        if place == "folder":
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(whole)


PICKLES = ("checkpoint", "old checkpoint", "checkpoint of others", "training's checkpoint")


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("wrapped", [False, True])
def test_no_pickle_runs_code(name, wrapped, tmp_path):
    found, canary = READERS[name], tmp_path / "canary"
    path = tmp_path / found.file
    for content in hostile_pickles(canary):
        path.write_bytes(content)
        if wrapped:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", content)
                archive.writestr("archive/version", "3\n")
        assert reads_or_refuses(found.read, path)
        assert not canary.exists()
