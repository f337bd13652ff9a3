"""The explorer of the page "Meetings": a workplace and a way of talking, and where the facts of a meeting stand."""

from matplotlib.figure import Figure

from llmbook.chapters.tiny_titans.meetings.plots import draw_strip
from llmbook.meetings.composed_domains import WORKPLACES
from llmbook.meetings.generator import generate_meeting
from llmbook.meetings.meeting import FACT_KINDS, Meeting
from llmbook.meetings.turn_kinds import is_repaired
from llmbook.widgets.explorer import Choice, Explorer, Prediction, Slider, explore

SEED, FACTS = 11, 8
ASKED = Prediction(
    "Chatter grows from 3 turns after each fact to 12. How far into the meeting does the last of eight facts move?",
    {
        "Hardly: facts come first": "Then the facts of a meeting would stand together. Move the slider and look at the "
        "gaps between the bars above the line.",
        "Less than twice as far": "Then most of what is said would be about the facts, and chatter would be the small "
        "part. Read the share of words about the facts at 3, then move the slider to 12.",
        "More than twice as far": "Then the last fact would move nearly as the chatter grows, and a fixed limit "
        "on what is read would lose it early. Move the slider to 12 and compare the word at which it begins.",
    },
)
SHARES = {"never": 0.0, "half of the time": 0.5, "always": 1.0}


def explore_meetings() -> Explorer:
    """Transcripts as strips of turns, for a workplace, an amount of chatter, code names and repairs."""
    return explore(
        draw_meeting, name="meetings", predict=ASKED,
        caption="One meeting with eight facts, from left to right. Bars above the line state a fact, bars below are "
                "everything else. More chatter makes the same number of facts rarer and pushes them to the right.",
        workplace=Choice("Workplace", list(WORKPLACES), "theater", frames=["farm", "theater"]),
        chatter=Slider("Chatter after each fact", [0, 1, 2, 3, 4, 6, 8, 12, 16], 3, frames=[0, 1, 3, 6, 12]),
        jargon=Choice("Code names", list(SHARES), "half of the time", frames=["never", "half of the time"]),
        repairs=Choice("Corrections", list(SHARES), "half of the time", frames=["never", "half of the time"]),
    )  # fmt: skip


def draw_meeting(*, workplace: str, chatter: float, jargon: str, repairs: str) -> tuple[Figure, str]:
    """The strip of one meeting, and a sentence about it."""
    meeting = generate_meeting(SEED, domain=workplace, facts=FACTS, chatter=float(chatter), kinds=FACT_KINDS,
                               jargon=SHARES[jargon], repairs=SHARES[repairs])  # fmt: skip
    return draw_strip(meeting), describe(meeting)


def describe(meeting: Meeting) -> str:
    """One sentence for one frame: words, facts, and where the facts stand."""
    before = [sum(len(turn.line.split()) for turn in meeting.turns[: fact.turn])
              for fact in meeting.facts]  # fmt: skip
    half = sum(place >= meeting.words / 2 for place in before)
    coded = sum(bool(fact.code_name) for fact in meeting.facts)
    repaired = sum(is_repaired(meeting.turns[fact.turn].text) for fact in meeting.facts)
    stating = sum(len(f"{meeting.turns[fact.turn].speaker}: {meeting.turns[fact.turn].text}".split())
                  for fact in meeting.facts)  # fmt: skip
    return (f"{meeting.domain.capitalize()}: {meeting.words:,} words in {len(meeting.turns)} turns, "
            f"{stating / meeting.words:.0%} of them about the {len(meeting.facts)} facts; the first fact begins at "
            f"word {before[0] + 1:,}, the last at word {before[-1] + 1:,}, and {half} begin in the second half. "
            f"Said in code: {coded}; corrected while speaking: {repaired}.")
