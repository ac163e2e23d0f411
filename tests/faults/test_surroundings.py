"""A full disk, a read-only one, no permission, a clock that goes backwards, and two drivers at once."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest
from faults.ledger import Outcome
from faults.scenario import Scenario
from faults.shim import Shim
from faults.world import MOMENTS, STUDY, chosen

TURNS = range(max(1, MOMENTS // 20))
TRAINED = ("train-deblur@baseline", "deblur@smoke-baseline", "score-deblur@smoke-baseline")
LAST = TRAINED[1:]
BOUND = "-dac_override,-dac_read_search"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts, or becomes another user")
in_the_long = pytest.mark.skipif(not MOMENTS, reason="left to `make faults`, for its time")


def mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


@contextmanager
def mounted(folder, *words):
    mount(*words, folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def run_and_judge(scenario, outcome, mend=lambda: None):
    """Run the driver into the fault, take the fault away, and judge."""
    command = scenario.start()
    code = command.end()
    outcome.expect(code is not None, "the driver hangs")
    mend()
    return scenario.judge(outcome, command)


@in_the_long
@needs_root
@pytest.mark.parametrize("turn", TURNS)
def test_a_disk_that_is_full_for_a_while(finished, place, turn, record_property):
    random = chosen("disk", turn)
    (place / "disk").mkdir()
    with mounted(place / "disk", "-t", "tmpfs", "-o", "size=1g", "none") as disk:
        scenario = Scenario(finished, place, TRAINED, disk=disk)
        used = sum(path.lstat().st_blocks for path in disk.rglob("*")) // 2
        free = random.randrange(0, 8000)
        mount("-o", f"remount,size={used + free}k", disk)
        outcome = Outcome("disk full", f"{free} KiB free before {', '.join(TRAINED)}")
        run_and_judge(scenario, outcome, lambda: mount("-o", "remount,size=1g", disk)).note(record_property)


@in_the_long
@needs_root
@pytest.mark.parametrize("where", ["", f"{STUDY}/data", f"{STUDY}/data/deblur", f"{STUDY}/reports", ".dvc", "data"])
def test_a_folder_that_is_read_only_for_a_while(finished, place, where, record_property):
    scenario = Scenario(finished, place, LAST)
    folder = scenario.root / where
    with mounted(folder, "--bind", folder):
        mount("-o", "remount,ro,bind", folder)
        outcome = Outcome("read-only folder", where or "all of it")
        run_and_judge(scenario, outcome, lambda: mount("-o", "remount,rw,bind", folder)).note(record_property)


@in_the_long
@needs_root
@pytest.mark.parametrize(
    "where", [STUDY, f"{STUDY}/data/deblur/smoke", f"{STUDY}/data/weights/deblur/baseline.safetensors",
              f"{STUDY}/params.yaml", "data/smoke/manifest.csv", ".dvc/cache/files/md5", f"{STUDY}/dvc.lock"],
)  # fmt: skip
def test_a_file_or_folder_without_permission_for_a_while(finished, place, where, record_property):
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv (util-linux) here, by which root is bound by permissions as others are")
    scenario = Scenario(finished, place, LAST, prefix=("setpriv", f"--bounding-set={BOUND}", f"--inh-caps={BOUND}"))
    path = scenario.root / where
    mode = path.stat().st_mode
    path.chmod(0o555 if path.is_dir() else 0)
    outcome = Outcome("no permission", where)
    run_and_judge(scenario, outcome, lambda: path.chmod(mode)).note(record_property)


@in_the_long
@pytest.mark.parametrize("turn", TURNS)
def test_a_clock_that_goes_backwards(finished, library, place, turn, record_property):
    random = chosen("clock", turn)
    shim = Shim(library, place / "control")
    shim.arm()
    scenario = Scenario(finished, place, TRAINED, more=shim.environment)
    wait, days = random.uniform(0, 20), random.choice((1, 400, 20_000))
    command = scenario.start()
    time.sleep(wait)
    shim.set_clock(-86_400 * days)
    code = command.end()
    outcome = Outcome("clock backwards", f"{days} days, after {wait:.1f} s")
    outcome.expect(code == 0, f"the driver ended with {code}: {command.said.read_text()[-300:]}")
    scenario.judge(outcome, command)
    outcome.note(record_property)


@in_the_long
@pytest.mark.parametrize("turn", TURNS)
def test_two_drivers_at_once(finished, place, turn, record_property):
    wait = chosen("two", turn).uniform(0, 8)
    scenario = Scenario(finished, place, TRAINED)
    first = scenario.start()
    time.sleep(wait)
    second = scenario.start()
    codes = [first.end(), second.end()]
    outcome = Outcome("two drivers at once", f"the second {wait:.1f} s later, which ended with {codes}")
    outcome.expect(0 in codes and None not in codes, f"they ended with {codes}: {first.said.read_text()[-200:]}")
    scenario.judge(outcome, second)
    outcome.note(record_property)
