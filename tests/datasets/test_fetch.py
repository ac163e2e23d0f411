"""Downloads against a local server that drops, lies and refuses; the whole archive's bytes are the oracle."""

import hashlib
import multiprocessing
import os
import resource
import shutil
import signal
import threading
import time
from contextlib import contextmanager
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT

from datasets.miniature import write_nah_archive, write_splits, write_su_archive
from datasets.server import QUOTA, Served, serving
from pvdbench.cli.main import cli
from pvdbench.core.errors import DataError, ParamsError, WriteError
from pvdbench.core.params import read_params
from pvdbench.datasets.catalogue import Sources, read_catalogue, state
from pvdbench.datasets.download.archive import download, fetch
from pvdbench.datasets.download.http import RetryPolicy

NOWHERE = "http://127.0.0.1:9/never"
HASTY = RetryPolicy(attempts=3, wait=0.01, timeout=2)


@pytest.fixture(scope="module")
def su(tmp_path_factory):
    """The miniature of Su's archive, as bytes."""
    return write_su_archive(tmp_path_factory.mktemp("su") / "su.zip", frames=1, size=(32, 24)).read_bytes()


def catalogue(data, *urls, sha256=None):
    """data/sources.yaml with su's archive at urls."""
    sources = yaml.safe_load((ROOT / "data" / "sources.yaml").read_text())
    sources["archives"]["su"] |= {"urls": list(urls) or [NOWHERE], "sha256": sha256}
    sources["archives"]["nah"]["sha256"] = None  # the real archive's; the miniature has another
    data.mkdir(exist_ok=True)
    (data / "sources.yaml").write_text(yaml.safe_dump(sources))
    return read_catalogue(data)


def download_su(known):
    download(known, known.archive("su"), HASTY)
    return known.archive_path(known.archive("su")).read_bytes()


def refusal(known, error=DataError):
    with pytest.raises(error) as refused:
        download_su(known)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_the_catalogue_of_the_repository_is_read_and_every_archive_has_a_data_set_or_is_a_repackaged_one():
    sources = read_params(ROOT / "data" / "sources.yaml", Sources)
    used = {source.archive for source in sources.datasets.values()}
    assert used | {"su-repackaged", "nah-repackaged"} == set(sources.archives)
    assert all((ROOT / "data" / source.splits).exists() for source in sources.datasets.values())


def test_fetch_leaves_the_frames_of_the_archive_and_its_hash(tmp_path, su):
    with serving({"/su.zip": Served(su)}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        assert state(known, "su") == "not here"
        assert fetch(known, "su").frames == fetch(known, "su").frames == 142
        assert fetch(known, "real").frames == 23
    assert state(known, "su") == state(known, "real") == "here"
    rows = (tmp_path / "data" / "checksums.csv").read_text().splitlines()
    sha256 = hashlib.sha256(su).hexdigest()
    assert rows == ["file,size,sha256", f"DeepVideoDeblurring_Dataset.zip,{len(su)},{sha256}"]
    with ZipFile(tmp_path / "data" / "archives" / "DeepVideoDeblurring_Dataset.zip") as archive:
        for name in archive.namelist():
            folder = "su" if name.startswith("quantitative") else "real"
            assert (tmp_path / "data" / folder / name).read_bytes() == archive.read(name)


def test_one_archive_gives_blur_gamma_and_linear_blur_as_two_data_sets(tmp_path):
    archive = write_nah_archive(tmp_path / "nah.zip", frames=1, size=(32, 24))
    known = catalogue(tmp_path / "data")
    for name, kinds in (("nah", {"blur_gamma", "sharp"}), ("nah-linear", {"blur", "sharp"})):
        assert fetch(known, name, archive).frames == 66
        assert {path.parent.name for path in (tmp_path / "data" / name).rglob("*.png")} == kinds


def _child(data):
    fetch(read_catalogue(data), "su")


def test_twenty_kills_at_random_bytes_and_the_hash_is_right(tmp_path, su):
    """Each process is killed while the server holds the connection after a random number of bytes."""
    rng = np.random.default_rng(5)
    served, data = Served(su), tmp_path / "data"
    with serving({"/su.zip": served}) as host:
        known = catalogue(data, f"{host}/su.zip")
        part = data / "archives" / "DeepVideoDeblurring_Dataset.zip.partial" / "part"
        for _ in range(20):
            served.hang_after = int(rng.integers(1, len(su) // 25))
            before = part.stat().st_size if part.exists() else 0
            process = multiprocessing.get_context("fork").Process(target=_child, args=(data,))
            process.start()
            deadline = time.monotonic() + 10
            while not (part.exists() and part.stat().st_size > before) and time.monotonic() < deadline:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            assert part.stat().st_size > before, "nothing was gained before the kill"
        assert state(known, "su") == "partly downloaded"
        served.hang_after = None
        assert fetch(known, "su").frames == 142
    assert hashlib.sha256(known.archive_path(known.archive("su")).read_bytes()).digest() == hashlib.sha256(su).digest()
    assert len(served.ranges) == 21 and None not in served.ranges[1:]
    assert [path.name for path in (data / "archives").iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize("drop_after", [1, 997, 70_000])
def test_a_connection_that_drops_is_taken_up_at_the_byte_where_it_broke(tmp_path, su, drop_after):
    content = su if drop_after > 10 else su[-200:]
    served = Served(content, drop_after=drop_after)
    with serving({"/su.zip": served}) as host:
        assert download_su(catalogue(tmp_path / "data", f"{host}/su.zip")) == content
    starts = [0, *(int(asked[6:-1]) for asked in served.ranges[1:])]
    assert starts == list(range(0, len(content), drop_after))


def test_another_version_at_the_same_address_is_never_mixed_with_the_first(tmp_path, su):
    served = Served(su[::-1], drop_after=50_000, busy=range(1, 99))
    with serving({"/su.zip": served}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        assert "(Service Unavailable) after 50000 bytes" in refusal(known)
        served.content, served.etag, served.busy, served.drop_after = su, '"2"', range(0), None
        assert download_su(known) == su
    assert served.ranges[-1] == "bytes=50000-"


def test_without_a_version_or_a_known_hash_it_starts_over_and_with_a_hash_it_goes_on(tmp_path, su):
    for sha256, resumed in ((None, False), (hashlib.sha256(su).hexdigest(), True)):
        served = Served(su, etag=None, drop_after=len(su) // 2)
        with serving({"/su.zip": served}) as host:
            known = catalogue(tmp_path / str(resumed), f"{host}/su.zip", sha256=sha256)
            if resumed:
                assert download_su(known) == su
                assert served.ranges[1] == f"bytes={len(su) // 2}-"
            else:
                assert (
                    f"the download failed by the end of the connection after {len(su) // 2} bytes, 3 times"
                    in refusal(known)
                )
                assert set(served.ranges) == {None}


def test_the_next_mirror_goes_on_where_the_first_broke_if_the_hash_is_known(tmp_path, su):
    first, second = Served(su, drop_after=1000, busy=range(1, 99)), Served(su, etag='"other"')
    with serving({"/a.zip": first, "/b.zip": second}) as host:
        urls = (f"{host}/a.zip", f"{host}/b.zip")
        assert download_su(catalogue(tmp_path / "data", *urls, sha256=hashlib.sha256(su).hexdigest())) == su
    assert second.ranges == ["bytes=1000-"]


def test_a_busy_server_is_asked_again_and_an_empty_one_passed_over(tmp_path, su):
    with serving({"/su.zip": Served(su, busy=range(2))}) as host:
        assert download_su(catalogue(tmp_path / "data", f"{host}/missing.zip", f"{host}/su.zip")) == su


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (Served(b"", status=404), r"the server answered HTTP 404 \(Not Found\); try again later"),
        (Served(b"", status=403), r"the server answered HTTP 403 \(Forbidden\); .* --from FILE"),
        (
            Served(QUOTA, status=403),
            r"answered HTTP 403 \(Forbidden\), 'Google Drive - Quota exceeded'; try again later",
        ),
        (
            Served(b"x" * 99, busy=range(99)),
            r"the download failed by HTTP 503 \(Service Unavailable\) after 0 bytes, 3 times in a row",
        ),
        (Served(QUOTA, media_type="text/html"), "this is a web page, not an archive: 'Google Drive - Quota exceeded'"),
        (Served(QUOTA), "this is a web page, not an archive: 'Google Drive - Quota exceeded'"),
        (Served(b"PK\x03\x04 and no more"), "its 16 bytes are no zip archive, or not a whole one"),
    ],
)
def test_what_is_no_archive_is_refused_in_one_line(tmp_path, served, message):
    with serving({"/su.zip": served}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        with pytest.raises(DataError, match=message):
            download_su(known)
    assert not (tmp_path / "data" / "checksums.csv").exists() and state(known, "su") != "archive here"


def test_no_network_is_named(tmp_path):
    with serving({}) as host:
        pass
    assert "the download failed by no connection after 0 bytes, 3 times in a row" in refusal(
        catalogue(tmp_path / "data", f"{host}/su.zip")
    )


def test_a_server_that_stops_answering_is_given_up_and_what_came_is_kept(tmp_path, su):
    with serving({"/su.zip": Served(su, etag=None, hang_after=5000)}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        with pytest.raises(DataError, match="1 times in a row"):
            download(known, known.archive("su"), RetryPolicy(attempts=1, wait=0.01, timeout=0.3))
    assert state(known, "su") == "partly downloaded"


def test_a_size_that_is_a_lie_is_a_short_read_or_no_archive(tmp_path, su):
    with serving({"/long.zip": Served(su, length=len(su) + 7), "/short.zip": Served(su, length=len(su) - 7)}) as host:
        assert "a file of another version or size than begun" in refusal(catalogue(tmp_path / "a", f"{host}/long.zip"))
        assert "are no zip archive, or not a whole one" in refusal(catalogue(tmp_path / "b", f"{host}/short.zip"))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_server_that_announces_no_length_gives_the_whole_file(tmp_path, su, chunked):
    served = Served(su, announced=False, chunked=chunked)
    with serving({"/su.zip": served}) as host:
        assert download_su(catalogue(tmp_path / "data", f"{host}/su.zip")) == su
    assert served.ranges == [None]


def test_chunks_that_break_off_go_on_where_they_broke(tmp_path, su):
    served = Served(su, announced=False, chunked=True, drop_after=75_000)
    with serving({"/su.zip": served}) as host:
        assert download_su(catalogue(tmp_path / "data", f"{host}/su.zip")) == su
    starts = [int(asked[6:-1]) for asked in served.ranges[1:]]
    assert starts == sorted(set(starts)) and starts[0] > 60_000


def test_without_length_or_chunks_a_drop_looks_like_the_end_and_is_no_archive(tmp_path, su):
    served = Served(su, announced=False, drop_after=75_000)
    with serving({"/su.zip": served}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        assert "its 75000 bytes are no zip archive, or not a whole one" in refusal(known)
        served.drop_after = None
        assert download_su(known) == su


@contextmanager
def files_of_at_most(size):
    """Writes beyond fail as on a full disk: with an OSError from the kernel, amid a file."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_disk_that_fills_during_the_download_is_one_line_and_it_goes_on_when_there_is_room(tmp_path, su):
    served = Served(su)
    with serving({"/su.zip": served}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        with files_of_at_most(100_000):
            message = refusal(known, WriteError)
        assert ": File too large; what came is kept; free space" in message
        assert state(known, "su") == "partly downloaded"
        assert download_su(known) == su
    assert served.ranges == [None, "bytes=100000-"]


def test_a_disk_that_fills_during_the_extraction_keeps_whole_frames_and_it_goes_on(tmp_path):
    given = tmp_path / "mine.zip"
    frames = {f"quantitative_datasets/v/input/{t:05d}.jpg": os.urandom(900 + t) for t in range(200)}
    with ZipFile(given, "w") as archive:
        for name, content in frames.items():
            archive.writestr(name, content)
    known = catalogue(tmp_path / "data")
    with (
        files_of_at_most(1000),
        pytest.raises(WriteError, match=r"cannot write .*00101\.jpg: File too"),
    ):
        fetch(known, "su", given)
    assert state(known, "su") != "here" and not list((tmp_path / "data").rglob("*.jpg.partial"))
    assert fetch(known, "su", given).written == 99
    assert all((tmp_path / "data/su" / name).read_bytes() == content for name, content in frames.items())


def test_a_wrong_hash_is_refused_whether_published_or_recorded_and_leaves_nothing(tmp_path, su):
    other = su[:5000] + bytes([su[5000] ^ 1]) + su[5001:]
    with serving({"/su.zip": Served(su), "/other.zip": Served(other)}) as host:
        published = catalogue(tmp_path / "a", f"{host}/other.zip", sha256=hashlib.sha256(su).hexdigest())
        assert "(its publisher's); it is damaged" in refusal(published)
        download_su(catalogue(tmp_path / "b", f"{host}/su.zip"))
        known = catalogue(tmp_path / "b", f"{host}/other.zip")
        known.archive_path(known.archive("su")).unlink()
        assert "checksums.csv's); it is damaged" in refusal(known)
        assert not [
            path
            for path in (tmp_path / "a" / "archives").rglob("*")
            if path.is_file() and path.stat().st_size == len(su)
        ]
        assert download_su(catalogue(tmp_path / "b", f"{host}/su.zip")) == su


def test_a_disk_too_small_is_named_before_the_first_byte(tmp_path, su, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with serving({"/su.zip": Served(su)}) as host:
        message = refusal(catalogue(tmp_path / "data", f"{host}/su.zip"), WriteError)
    assert f"this needs {2 * len(su) / 1e9:.3f} GB of disk, and 0.000 GB are free" in message
    assert not list((tmp_path / "data").rglob("part"))


def test_a_given_archive_is_read_where_it_lies_and_checked(tmp_path, su):
    given, page = tmp_path / "mine.zip", tmp_path / "page.zip"
    given.write_bytes(su)
    page.write_bytes(QUOTA)
    known = catalogue(tmp_path / "data")
    with pytest.raises(DataError, match=r"page\.zip: this is a web page, not an archive: 'Google Drive"):
        fetch(known, "su", page)
    assert fetch(known, "su", given, delete_archive=True).frames == 142
    assert given.exists() and not known.archive_path(known.archive("su")).exists()


def test_two_data_sets_of_one_archive_side_by_side_download_it_once(tmp_path, su):
    served = Served(su)
    with serving({"/su.zip": served}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        both = [threading.Thread(target=fetch, args=(known, name)) for name in ("su", "real")]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert len(served.ranges) == 1 and state(known, "su") == state(known, "real") == "here"


def test_a_data_set_that_lost_a_frame_is_made_whole_again(tmp_path, su):
    given = tmp_path / "mine.zip"
    given.write_bytes(su)
    known = catalogue(tmp_path / "data")
    fetch(known, "su", given)
    lost = next((tmp_path / "data" / "su").rglob("*.jpg"))
    lost.unlink()
    assert fetch(known, "su", given).written == 1 and lost.exists()


def test_the_commands_list_fetch_and_delete_the_archive(tmp_path, su):
    with serving({"/su.zip": Served(su)}) as host:
        known = catalogue(tmp_path / "data", f"{host}/su.zip")
        options = ["--data", str(tmp_path / "data")]
        result = CliRunner().invoke(cli, ["datasets", "fetch", "su", "--delete-archive", *options])
        assert result.exit_code == 0 and "su: 142 frames" in result.output
    assert not known.archive_path(known.archive("su")).exists()
    listed = CliRunner().invoke(cli, ["datasets", "list", *options]).output
    assert "su: here" in listed and "real: not here" in listed and "licence: CC BY 4.0" in listed
    assert isinstance(CliRunner().invoke(cli, ["datasets", "fetch", "sue", *options]).exception, ParamsError)


def test_the_miniature_has_every_video_of_the_splits_and_equal_bytes(tmp_path, su):
    table = pd.read_csv(write_splits(tmp_path / "splits.csv", frames=1), dtype=str)
    assert table["dataset"].value_counts().to_dict() == {"su": 71, "nah": 33, "real": 23}
    assert set(table["frames"]) == {"1"} and (table["first_frame"] == table["last_frame"]).all()
    again = write_su_archive(tmp_path / "su.zip", frames=1, size=(32, 24))
    assert again.read_bytes() == su
