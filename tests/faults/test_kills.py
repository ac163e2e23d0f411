"""kill -9, SIGTERM and SIGINT at random moments of the driver, its workers, a training and a method."""

import signal

import pytest
from faults.ledger import Outcome
from faults.processes import ROLES
from faults.scenario import Scenario
from faults.world import MOMENTS, chosen

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PAIRS = [(role, number) for number in SIGNALS for role in ROLES]
LONGEST = {"driver": 25.0, "terminal": 25.0, "worker": 15.0, "training": 3.0, "method": 3.0}
"""Seconds after a process of the role was first seen, up to which it is hit; a training takes that long."""
WINDOWS = (
    ("train-deblur@baseline", "deblur@smoke-baseline", "score-deblur@smoke-baseline"),
    ("train-motion@bimnet", "motion@smoke-bimnet", "train-deblur@bimc", "tables"),
    ("train-motion@liteflownet", "truth@smoke", "deblur@smoke-bimc-pv", "score-volume@smoke"),
    ("train-deblur@mc-e2e-pv", "motion@smoke-tvl1", "score-motion@smoke-tvl1", "figures"),
)
"""Stages that are made to run again: in each a training, a method and scores or tables."""


@pytest.mark.parametrize("moment", range(MOMENTS or 2))
def test_a_study_that_a_signal_hits_goes_on_by_the_same_command(finished, place, moment, record_property):
    random = chosen("kills", moment)
    role, number = PAIRS[moment % len(PAIRS)]
    stages = random.choice(WINDOWS) if MOMENTS else WINDOWS[0]
    scenario = Scenario(finished, place, stages)
    wait = random.uniform(0, LONGEST[role])
    command = scenario.start()
    hit = command.send(role, number, wait, random.choice)
    code = command.end()
    detail = f"moment {moment}, {wait:.2f} s after its start, in {', '.join(stages)}: {hit or 'it had ended'}"
    outcome = Outcome(f"{number.name} of {role}", detail)
    outcome.expect(code is not None, "the driver hangs")
    scenario.judge(outcome, command).note(record_property)
