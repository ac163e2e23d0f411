"""Which rows figures show: rows of the tables, or the study is refused before anything is drawn."""

from collections.abc import Iterable

from pvdbench.core.errors import ParamsError, choices
from pvdbench.study.table_params import ExampleParams, TableParams, WarpParams


def check_figures(params: TableParams) -> None:
    """Refuse a figure that is to show a row that its table does not have.

    Raises:
        ParamsError: naming the figure and the rows to choose from.
    """
    figures, deblur_rows = params.figures, params.deblur_labels
    _check_rows("flow", _rows(figures.flow), params.table1)
    _check_rows("deblur", _rows(figures.deblur), deblur_rows)
    for name, comparison in figures.compare.items():
        _check_rows(f"compare.{name}", _rows(comparison), deblur_rows)
    _check_rows("qualitative", figures.qualitative.rows, deblur_rows)
    if figures.warp:
        _check_warp(figures.warp, params)


def _rows(example: ExampleParams) -> tuple[str, ...]:
    return (*example.rows, example.better, example.worse)


def _check_rows(key: str, rows: Iterable[str], known: Iterable[str]) -> None:
    for row in rows:
        if row not in known:
            raise ParamsError(
                f"params.yaml: tables.figures.{key}: '{row}' is no row of its table; choose from {choices(known)}, "
                "or add it to the table"
            )


def _check_warp(warp: WarpParams, params: TableParams) -> None:
    known = {"motion": params.table1, "outputs": params.deblur_labels}
    for key, names in (("motion", [warp.motion]), ("outputs", list(warp.outputs.values()))):
        for name in names:
            if name not in known[key]:
                raise ParamsError(
                    f"params.yaml: tables.figures.warp.{key}: '{name}' is no row of the tables; choose from "
                    f"{choices(known[key])}, or add it to a table"
                )
    if "ideal" not in warp.outputs:
        raise ParamsError(
            "params.yaml: tables.figures.warp.outputs: there is no 'ideal'; name the row with the pixel volume under it"
        )
