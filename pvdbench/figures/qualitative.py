"""Videos without truth, such as the real ones of Sec. 4.6: every row's result side by side, and no number."""

from collections.abc import Iterator
from pathlib import Path

from pvdbench.datasets.manifest import read_clips
from pvdbench.figures.deblur import QualitativeExample
from pvdbench.figures.style import Picture
from pvdbench.io.failure import read_failure
from pvdbench.study.table_params import TableParams

_CAPTION = (
    "A video without truth: nothing is measured. Chosen by rule: the middle frame of the clip, and the boxes where "
    "{last} differs most from {first}."
)


def qualitative_pictures(study: Path, root: Path, params: TableParams, folder: Path) -> Iterator[Picture]:
    """Write a picture of each chosen clip into folder; rows whose method failed are left out.

    Raises:
        DataError: if a data set or a frame is missing or damaged.
    """
    chosen, labels = params.figures.qualitative, params.deblur_labels
    for dataset in chosen.datasets:
        frames = study / "data" / "deblur" / dataset
        rows = [row for row in chosen.rows if not read_failure(frames / row)]
        for clip in read_clips(root / "data" / dataset, "test")[: chosen.count if rows else 0]:
            frame = clip.frames[len(clip.frames) // 2]
            file = f"{dataset}-{clip.video}.png"
            size = QualitativeExample(clip, frame, frames, labels, rows).draw(folder / file)
            title = f"Without truth: {dataset}, {clip.video}, frame {frame.name}"
            alt = f"{title}: {', '.join(labels[row] for row in rows)} side by side"
            caption = _CAPTION.format(first=labels[rows[0]], last=labels[rows[-1]])
            yield Picture(file, dataset, title, caption, alt, *size)
