"""What each turn of a synthetic meeting is: a fact of some kind, or which kind of talk around the facts."""

from llmbook.meetings.domains import AGREEMENTS, CLOSINGS, DIGRESSIONS, DOUBTS, REPAIRS
from llmbook.meetings.meeting import FACT_KINDS, Meeting

TALK_KINDS = ("agreement", "doubt", "explanation", "digression", "frame")
"""What is said besides facts; the frame is the opening and the closing."""
TURN_KINDS = (*FACT_KINDS, *TALK_KINDS)
LINES = {
    "agreement": AGREEMENTS,
    "doubt": DOUBTS,
    "digression": [line for pair in DIGRESSIONS for line in pair],
    "frame": CLOSINGS,
}


def turn_kinds(meeting: Meeting) -> list[str]:
    """One of ``TURN_KINDS`` for each turn.

    Raises:
        ValueError: somebody says something that the generator does not.
    """
    facts = {fact.turn: fact.kind for fact in meeting.facts}
    return [facts.get(number) or ("frame" if number == 0 else _talk(turn.text))
            for number, turn in enumerate(meeting.turns)]  # fmt: skip


def is_repaired(text: str) -> bool:
    """Whether a speaker says a wrong value first and corrects it."""
    return any(f", {words}, " in text for words in REPAIRS)


def _talk(text: str) -> str:
    """The kind of a turn without a fact; it may begin with a filler word."""
    for kind, lines in LINES.items():
        if any(text.lower().endswith(line.lower()) for line in lines):
            return kind
    if text.startswith("And ") and text.endswith(", for the new people."):
        return "explanation"
    raise ValueError(f"{text!r} is none of the lines of the synthetic meetings")
