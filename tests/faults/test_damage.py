"""Files that were damaged between two runs: frames, weights, scores, objects of DVC's cache, checkpoints, dvc.lock."""


import time

import pytest
from faults.ledger import Outcome
from faults.scenario import Scenario
from faults.world import MOMENTS, STUDY, chosen

FILES = {
    "frame of the data set": "data/smoke/**/*.png",
    "deblurred frame": f"{STUDY}/data/deblur/smoke/baseline/**/*.png",
    "weights": f"{STUDY}/data/weights/deblur/baseline.safetensors",
    "score file": f"{STUDY}/data/scores/deblur/smoke/baseline.csv",
    "record of code": f"{STUDY}/data/code/**/*.json",
    "cost file": f"{STUDY}/data/cost/**/*.json",
    "dvc.lock": f"{STUDY}/dvc.lock",
}
SHORT = ("dvc.lock",)
TURNS = range(max(1, MOMENTS // 50))


def damage(path, random):
    """Cut a file, or change one of its bytes, empty it, or fill it with zeros.

    Returns: what was done, in words.
    """
    content, how = path.read_bytes(), random.choice(("cut", "changed", "emptied", "zeroed"))
    at = random.randrange(len(content) or 1)
    path.chmod(0o644)  # objects of the cache are read-only
    if how == "changed":
        content = content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]
    else:
        content = {"cut": content[:at], "emptied": b"", "zeroed": bytes(len(content))}[how]
    path.write_bytes(content)
    return f"{path.name}, {how} at byte {at}"


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("kind", FILES if MOMENTS else SHORT)
def test_a_damaged_file_is_made_again(finished, place, kind, turn, record_property):
    random = chosen("damage", kind, turn)
    scenario = Scenario(finished, place, ())
    path = random.choice(sorted(scenario.root.glob(FILES[kind])))
    outcome = Outcome(f"damaged {kind}", damage(path, random))
    scenario.judge(outcome)
    outcome.lost = 0  # what was damaged is made again, and was lost before
    outcome.note(record_property)


@pytest.mark.skipif(not MOMENTS, reason="left to `make faults`, for its time")
@pytest.mark.parametrize("turn", TURNS)
def test_a_damaged_object_of_the_cache_is_never_a_result(finished, place, turn, record_property):
    random = chosen("cache", turn)
    scenario = Scenario(finished, place, ())
    name = f"{STUDY}/data/weights/deblur/baseline.safetensors"
    md5 = next(out["md5"] for out in finished.stages["train-deblur@baseline"]["outs"] if name.endswith(out["path"]))
    cached = scenario.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    outcome = Outcome("damaged object of DVC's cache", damage(cached, random))
    (scenario.root / name).unlink()
    scenario.judge(outcome)
    outcome.lost = 0
    outcome.note(record_property)


@pytest.mark.skipif(not MOMENTS, reason="left to `make faults`, for its time")
@pytest.mark.parametrize("turn", TURNS)
def test_a_damaged_checkpoint_is_not_gone_on_from(finished, place, turn, record_property):
    random = chosen("checkpoint", turn)
    scenario = Scenario(finished, place, ("train-deblur@baseline",))
    command = stopped_training(scenario, random)
    found = sorted((scenario.root / STUDY / "data/checkpoints").rglob("*.pt"))
    if not found:
        pytest.skip("the training ended before it could be stopped")
    outcome = Outcome("damaged checkpoint", damage(found[0], random))
    scenario.judge(outcome, command)
    outcome.lost = 0
    outcome.note(record_property)


def stopped_training(scenario, random):
    """Stop a training by SIGTERM once it computes, so that it leaves a checkpoint."""
    command = scenario.start(("pvdbench", "train", "deblur", "baseline", "--study", STUDY))
    while command.popen.poll() is None and "0/" not in command.said.read_text():
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.2))
    command.popen.terminate()
    command.end()
    return command
