"""The Nth write, rename or fsync of what the driver and DVC keep fails: dvc.lock, DVC's cache and its state."""

import pytest
from faults.ledger import Outcome
from faults.scenario import Scenario
from faults.shim import WAYS, Shim
from faults.world import MOMENTS, STUDY, chosen

STAGES = ("train-motion@static", "score-motion@smoke-static")
MOST = 400  # operations of such a run, about


@pytest.mark.skipif(not MOMENTS, reason="left to `make faults`, for its time")
@pytest.mark.parametrize("turn", range(MOMENTS // 3))
def test_a_failing_operation_of_the_records_is_made_good_by_the_same_command(
    finished, library, place, turn, record_property
):
    random = chosen("records", turn)
    shim = Shim(library, place / "control")
    scenario = Scenario(finished, place, STAGES, more=shim.environment)
    places = [scenario.root / ".dvc", scenario.root / STUDY / "dvc.lock"]
    if random.random() < 0.5:  # of a thousand operations ten are on dvc.lock
        places, most = places[1:], 10
    else:
        most = MOST
    number, way = random.randint(1, most), random.choice(list(WAYS))
    shim.arm(places, at=number, way=way)
    command = scenario.start()
    code = command.end()
    outcome = Outcome(f"{way} in DVC's or the driver's records", f"operation {number} of {shim.seen} ({shim.failed})")
    shim.arm()
    outcome.expect(code is not None, "the driver hangs")
    scenario.judge(outcome, command).note(record_property)
