r"""Whether a summary is true: the facts it recalls, and the statements that its meeting does not support.

Scores of shared words cannot see this, and ``Fact.is_in`` sees only half of it: "Ben will not call the landlord by
Monday" has all its words. Here each line is read back into a claim (``phrasings.py``) and compared with what is true
in the meeting, so that a denied decision, a swapped owner and a wrong day are seen. It works because the corpus states
its facts in templates that we wrote; no program knows this about a real meeting.

With r facts recalled of n expected, and w wrong statements, recall is :math:`r / n`, precision :math:`r / (r + w)`,
and F1 their harmonic mean, :math:`2 r / (r + w + n)`.
"""

from dataclasses import dataclass

from llmbook.meetings.meeting import Meeting
from llmbook.meetings.phrasings import Claim, read_claim


@dataclass(frozen=True)
class FactCheck:
    """What is true and what is false in a summary. Every statement counts once, however often it stands there."""

    recalled: int
    """Facts that the instruction asks for and the summary states, with the right owner, day, number and option."""
    expected: int
    """Facts that the instruction asks for."""
    wrong: int
    """Statements that are not true in this meeting."""
    unread: int = 0
    """Lines that no template reads, such as chatter or a broken sentence; they count neither way."""

    @property
    def recall(self) -> float:
        """The share of the expected facts that the summary states; 1 where none is expected."""
        return self.recalled / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        """The share of right ones among expected facts and wrong statements; 0 where there is nothing of either."""
        stated = self.recalled + self.wrong
        return self.recalled / stated if stated else float(self.expected == 0)

    @property
    def f1(self) -> float:
        """The harmonic mean of recall and precision; 0 where either is."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def check_facts(meeting: Meeting, summary: str, instruction: str = "long") -> FactCheck:
    """Compare a summary with what is true in its meeting.

    A true statement that the instruction does not ask for is neither recalled nor wrong, and so is the topic. A
    wrong topic, a denied statement (no meeting of the corpus settles what will not happen) and a thing under its code
    name, which a reader cannot know, are wrong.

    Args:
        meeting: the truth.
        summary: one sentence per line. It may be empty, which recalls nothing.
        instruction: a key of ``INSTRUCTIONS``, which says what facts are expected.

    Raises:
        ValueError: there is no such instruction.
    """
    expected = _facts(meeting, instruction)
    claims = [claim for _, claim in read_lines(summary)]
    stated = {claim for claim in claims if claim is not None}
    return FactCheck(len(stated & expected), len(expected), len(stated - true_claims(meeting)), claims.count(None))


def read_lines(summary: str) -> list[tuple[str, Claim | None]]:
    """Each line that is not empty, with what it says, or None."""
    return [(line, read_claim(line)) for line in summary.splitlines() if line.strip()]


def true_claims(meeting: Meeting) -> set[Claim]:
    """Everything that a summary of this meeting may say: its facts of all kinds, and its topic."""
    return _facts(meeting, "long") | {Claim("topic", "", (meeting.topic.lower(),))}


def _facts(meeting: Meeting, instruction: str) -> set[Claim]:
    return {claim for fact in meeting.kept_facts(instruction) if (claim := read_claim(fact.text))}
