"""Where in the tokens of a transcript its facts stand, and which of them a summary states: what truncation is about."""

from tokenizers import Tokenizer

from llmbook.meetings.fact_check import read_lines
from llmbook.meetings.meeting import Meeting
from llmbook.meetings.phrasings import read_claim
from llmbook.summarizers.seq2seq import encode, prompt


def fact_ends(tokenizer: Tokenizer, meeting: Meeting, instruction: str = "long") -> list[int]:
    """For each fact that the instruction keeps: how many tokens of the prompt must be read to have heard it whole."""
    lines = [turn.line for turn in meeting.turns]
    parts = ("\n".join(lines[: fact.turn + 1]) for fact in meeting.kept_facts(instruction))
    return [len(encode(tokenizer, prompt(part, instruction))) for part in parts]


def facts_stated(meeting: Meeting, summary: str, instruction: str = "long") -> list[bool]:
    """For each fact that the instruction keeps: whether the summary states it, with the right values."""
    stated = {claim for _, claim in read_lines(summary)}
    return [read_claim(fact.text) in stated for fact in meeting.kept_facts(instruction)]
