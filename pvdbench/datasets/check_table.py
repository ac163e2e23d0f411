"""What `pvdbench datasets verify` prints: one line a video, one a split."""

from collections.abc import Iterator

from pvdbench.datasets.video_check import VideoCheck

_COLUMNS = f"{'split':5}  {'video':40} {'frames':>6}  {'size':>9}  {'own':>7} {'neighbour':>9}  state"


def check_lines(checks: list[VideoCheck]) -> Iterator[str]:
    """The table; own and neighbour are mean squared differences of sharp frames to blurry ones, in bytes."""
    yield _COLUMNS
    for check in checks:
        job, size = check.job, f"{check.width}x{check.height}"
        yield (f"{job.split:5}  {job.video:40} {len(check.blurry):6}  {size:>9}  "
               f"{_number(check.own):>7} {_number(check.neighbour):>9}  {_state(check)}")  # fmt: skip
    for split in sorted({check.job.split for check in checks}):
        those = [check for check in checks if check.job.split == split]
        yield f"{split}: {len(those)} videos, {sum(len(check.blurry) for check in those)} frames"


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.1f}"


def _state(check: VideoCheck) -> str:
    if check.problems:
        return check.problems[0]
    return "ok, portrait" if check.height > check.width else "ok"
