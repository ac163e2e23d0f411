"""This machine's rates, measured once for each version and kept beside what its stages took."""

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from pvdbench import __version__
from pvdbench.core.errors import DataError, WriteError
from pvdbench.core.json_file import read_json
from pvdbench.io.atomic import replaced_file
from pvdbench.io.cost import hardware
from pvdbench.study.machine_rates import MachineRates


def machine_rates(folder: Path) -> MachineRates:
    """Read this machine's rates, which take about two seconds to measure where this version never did.

    Args:
        folder: keeps a file per machine and version; a damaged one, or one of other hardware, is measured again.
    """
    path = folder / f"rates-{os.uname().nodename}-{__version__}.json"
    with suppress(DataError, FileNotFoundError):
        kept = read_json(path, MachineRates, "these are no rates of a machine", "delete it")
        if kept.hardware == hardware():
            return kept
    from pvdbench.study.rate_measurement import measure_rates  # here, as it imports what scores

    rates = measure_rates()
    with suppress(WriteError, OSError), replaced_file(path) as partial:  # a folder of others can be planned, too
        partial.write_text(json.dumps(asdict(rates), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return rates
