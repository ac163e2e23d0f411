"""Published numbers, data/published: the paper's own tables, other papers' numbers, and which names they go by."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvdbench.core.errors import DataError
from pvdbench.io.tables import numbers, read_text_table

PAPER_DATASET = "su"
"""The test videos of Su et al. (2017), on which the paper measured Tables 1 to 3 and Sec. 4.4."""

PAPER_PROTOCOL, PAPER_PERCENT = "koehler", 10
"""How frames were scored there, and how much of each video the sharpest and the blurriest are."""

INPUT, FULL_MODEL = "input", "BIMC+PV"
LITEFLOWNET, BIMNET = "LiteFlowNet", "BIMNet_LFN"

UNKNOWN = "unknown"
"""The protocol of a number whose source does not state one, or mixes several."""

NUMBERS = ("method", "method_name", "year", "source", "source_url", "dataset_name", "protocol_name", "quoted",
           "psnr_db", "ssim")  # fmt: skip
"""What is known of a published number; data/published/README.md describes each column."""

_OF_NUMBERS = ("year", "psnr_db", "ssim", "params_total_m", "params_pvdnet_m", "params_bimnet_m")
"""With what the columns of numbers begin."""


@dataclass(frozen=True)
class Published:
    """Tables 1 to 3 of the paper by label, and Sec. 4.4 in percent by quantity; NaN where the paper prints nothing.

    Attributes:
        numbers: PSNR and SSIM of deblurring methods, the paper's and others', one row a number; columns NUMBERS.
    """

    table1: pd.DataFrame
    table2: pd.DataFrame
    table3: pd.DataFrame
    sec44: pd.Series
    numbers: pd.DataFrame


def read_published(root: Path) -> Published:
    """Read data/published below the repository's top.

    Raises:
        DataError: if a file is missing or lacks a column.
    """
    folder = root / "data" / "published"
    sec44 = _read(folder / "sec44.csv", "quantity", "unit", "value")
    percent = sec44.loc[sec44["unit"] == "percent", "value"]
    return Published(
        table1=_read(folder / "table1.csv", "method"),
        table2=_read(folder / "table2.csv", "method"),
        table3=_read(folder / "table3.csv", "method"),
        sec44=numbers(folder / "sec44.csv", percent, blank=False).astype(float),
        numbers=_read_numbers(folder),
    )


def _read_numbers(folder: Path) -> pd.DataFrame:
    """Every published PSNR of a whole test set that a row of the study may stand beside: those with a method_name."""
    tables = [_numbers(folder / f"{name}.csv") for name in ("table2", "table4", "table5", "published")]
    numbers = pd.concat(tables, ignore_index=True)
    return numbers[numbers["psnr_db"].notna() & numbers["method_name"].notna()].reset_index(drop=True)


def _numbers(path: Path) -> pd.DataFrame:
    table = _csv(path).rename(columns={"psnr_db_all": "psnr_db", "ssim_all": "ssim"})
    wanting = [column for column in NUMBERS if column not in table]
    if wanting:
        raise DataError(
            f"{path} lacks the columns {', '.join(wanting)}; restore it with "
            f"`git checkout -- {path.name}` in its folder"
        )
    return table[list(NUMBERS)]


def _read(path: Path, key: str, *columns: str) -> pd.DataFrame:
    table = _csv(path)
    if wanting := [column for column in (key, *columns) if column not in table]:
        raise DataError(f"{path} lacks the columns {', '.join(wanting)}; restore it with "
                        f"`git checkout -- {path.name}` in its folder")  # fmt: skip
    return table.set_index(key)


def _csv(path: Path) -> pd.DataFrame:
    """Read one file; its blanks are missing, and its numbers are floats."""
    if not path.is_file():
        raise DataError(
            f"{path}: this file of published numbers is missing; restore it with "
            f"`git checkout -- {path.name}` in its folder"
        )
    table = read_text_table(path)
    missing = table.mask(table == "")
    for name in filter(lambda name: name.startswith(_OF_NUMBERS), table.columns):
        missing[name] = numbers(path, table[name], blank=True)
    return missing
