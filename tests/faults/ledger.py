"""What came of each fault: judged, noted for the table, and the table itself."""

import re
from dataclasses import dataclass, field

START, END = "<!-- faults: the suite writes from here -->", "<!-- faults: to here -->"
LONGEST = 300  # characters of a message


@dataclass
class Outcome:
    """One fault and what came of it.

    Attributes:
        fault: its line of the table.
        detail: what was chosen at random.
        lost: results that were there before, and had to be made again or came out otherwise.
        repeated: stages that ran in part, and ran again.
        human: whether the same command did not go on by itself.
        problems: whatever should not be, in words.
    """

    fault: str
    detail: str
    lost: int = 0
    repeated: int = 0
    human: bool = False
    problems: list = field(default_factory=list)

    def expect(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def refuse(self, found, said="{}"):
        """Have a problem if something was found, which is put into what is said of it."""
        if found:
            self.problems.append(said.format(found))

    def note(self, record_property):
        """Keep it for the table, print what was chosen, and fail the test if there are problems."""
        record_property("fault", [self.fault, self.lost, self.repeated, self.human, bool(self.problems)])
        said = f"{self.fault}: {self.detail}: lost {self.lost}, repeated {self.repeated}"
        said = "; ".join([said, *(["needs a human"] if self.human else []), *self.problems])
        print(said)
        assert not self.problems, said


def message_faults(said):
    """What is wrong with the messages of a command: a traceback, or a line that is too long."""
    if "Traceback (most recent call last)" in said:
        raised = re.findall(r"(?m)^[\w.]+(?:Error|Interrupt|Exception).*", said)
        return f"a traceback ({', '.join(raised)[:100]})"
    long = next((line for line in said.splitlines() if line.startswith("pvdbench: ") and len(line) > LONGEST), "")
    return f"a message of {len(long)} characters" if long else ""


def table(noted):
    """The table in Markdown, a line a fault.

    Args:
        noted: what Outcome.note recorded.
    """
    lines = ["| fault | tried | lost | needed a human | repeated, at most | not as it should be |"]
    lines.append("| --- |" + " ---: |" * 5)
    for fault in dict.fromkeys(name for name, *_ in noted):
        rows = [row for name, *row in noted if name == fault]
        lost, repeated, human, wrong = zip(*rows, strict=True)
        cells = (fault, len(rows), sum(lost), sum(human), _stages(max(repeated)), sum(wrong))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _stages(count):
    return "1 stage" if count == 1 else f"{count} stages" if count else "nothing"


def write(page, lines):
    """Put the table between the two marks of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    page.write_text("\n".join([before + START, "", *lines, "", END + after]), encoding="utf-8")
