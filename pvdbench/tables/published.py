"""The paper's own numbers, data/published, and which names they go by."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError

PAPER_DATASET = "su"
"""The test videos of Su et al. (2017), on which the paper measured Tables 1 to 3 and Sec. 4.4."""

INPUT, FULL_MODEL = "input", "BIMC+PV"
LITEFLOWNET, BIMNET = "LiteFlowNet", "BIMNet_LFN"


@dataclass(frozen=True)
class Published:
    """Tables 1 to 3 of the paper by label, and Sec. 4.4 in percent by quantity; NaN where the paper prints nothing."""

    table1: pd.DataFrame
    table2: pd.DataFrame
    table3: pd.DataFrame
    sec44: pd.Series


def read_published(root: Path) -> Published:
    """Read data/published below the repository's top.

    Raises:
        DataError: if a file is missing.
    """
    folder = root / "data" / "published"
    sec44 = _read(folder / "sec44.csv", "quantity")
    return Published(
        table1=_read(folder / "table1.csv", "method"),
        table2=_read(folder / "table2.csv", "method"),
        table3=_read(folder / "table3.csv", "method"),
        sec44=sec44.loc[sec44["unit"] == "percent", "value"].astype(float),
    )


def _read(path: Path, key: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path).set_index(key)
    except FileNotFoundError:
        raise DataError(
            f"{path}: expected the paper's numbers, found no file; restore it with "
            f"`git checkout -- {path.name}` in its folder"
        ) from None
