"""Checks for the page on meetings: is a fact kept, and the first turns."""

from collections.abc import Sequence

from llmbook.exercises.compare import Mistake, as_bool
from llmbook.exercises.registry import exercise

TURNS = [("Ada", "Good morning."), ("Ben", "The oven is 9 days late: no, 19."), ("Ada", "I'll call them."),
         ("Cleo", "Agreed."), ("Ada", "Then we are done.")]  # fmt: skip


# --- is a fact kept? -------------------------------------------------------------------------------------------------

def expect_kept(f, keys: Sequence[str], summary: str, expected: bool, hint: str) -> None:
    """Insist on True or False."""
    got = as_bool(f(list(keys), summary))
    if got != expected:
        raise Mistake(f"for the keys {list(keys)} and the summary {summary!r} you say {got}: {hint}")


@exercise("tt-ex-meet-fact")
def all_keys_of_a_fact(f):
    """All keys, in any case of letters"""
    expect_kept(f, ["ada", "call the baker", "friday"], "Ada will call the baker by Friday.", True,
                "the summary has them all: keys are in lower case, so make the summary lower case too, and "
                "a key may have several words")
    expect_kept(f, ["ada", "call the baker", "friday"], "Ada will call the baker by Monday.", False,
                "one key is missing, and one wrong word makes a fact wrong")
    expect_kept(f, ["the oven", "repair it"], "Repair it, they said of the oven.", True,
                "the order of the keys does not matter")
    expect_kept(f, ["ada", "call the baker"], "Ada will call Ben, and the baker will wait.", False,
                "a key of several words stands in one piece")


@exercise("tt-ex-meet-fact")
def whole_words(f):
    """Keys are whole words"""
    hint = "9 stands inside of a longer number; a key must be a whole word"
    expect_kept(f, ["questions", "9"], "We got 90 questions.", False, hint)
    expect_kept(f, ["questions", "9"], "We got 19 questions.", False, hint)
    expect_kept(f, ["questions", "9"], "Questions: 9.", True, "punctuation beside a word does not make it another word")
    expect_kept(f, ["questions", "9"], "Questions: 9", True, "the end of a line ends a word too")
    expect_kept(f, ["points", "4.5"], "We got 495 points.", False, "a dot in a key is a dot, not any character")
    expect_kept(f, ["points", "4.5"], "We got 4.5 points.", True, "4.5 is a key as any other, dot and all")


@exercise("tt-ex-meet-fact")
def one_line(f):
    """All in one line"""
    two = "Ada will test the bell by Friday.\nBen will test the scanner by Monday."
    expect_kept(f, ["ada", "test the scanner", "friday"], two, False,
                "the keys are in different lines, so the summary gives the task to another person")
    expect_kept(f, ["ada", "test the bell"], "Something else.\nAda will test the bell.", True,
                "the second line has them all; look at every line")
    expect_kept(f, ["ada", "test the bell"], "Ada will test the bell.\nSomething else.", True,
                "the first line has them all; look at every line")
    expect_kept(f, ["ada", "test the bell"], "Ada will wait. Then she can test the bell.", True,
                "a line may have several sentences, and this one has both keys")


# --- the first turns -------------------------------------------------------------------------------------------------

def expect_lead(f, turns: Sequence[tuple[str, str]], count: int) -> None:
    """Compare with the first turns as lines."""
    got = f(list(turns), count)
    if not isinstance(got, str):
        raise Mistake(f"your function returned a {type(got).__name__}; expected one text with a line for each turn")
    lines = [f"{speaker}: {text}" for speaker, text in turns]
    right, first = "\n".join(lines[:count]), list(dict(turns))[:count]
    mistakes = {
        "\n".join(text for _, text in turns[:count]): "the speakers are missing, and with them who \"I\" is",
        " ".join(lines[:count]): "put each turn on a line of its own: ROUGE-Lsum and our facts look at lines",
        "".join(lines[:count]): "put each turn on a line of its own: ROUGE-Lsum and our facts look at lines",
        "\n\n".join(lines[:count]): "no empty line between the turns",
        "\n".join(f"{speaker}:{text}" for speaker, text in turns[:count]): "one space behind the colon",
        "\n".join(f"{text}: {speaker}" for speaker, text in turns[:count]): "the speaker comes first",
        "\n".join(lines[-count:]): "these are the last turns",
        "\n".join(lines[: count + 1]): "that is one turn too many",
        "\n".join(lines[: count - 1]): "that is one turn too few",
        "\n".join(lines[1 : count + 1]): "that begins with the second turn",
        "\n".join(lines[:2]): "take `count` turns, whatever it is",
        "\n".join(f"{speaker}: {text}" for speaker, text in list(dict(turns).items())[:count]):
            "a dictionary has one entry for each speaker, and people speak more than once",
        "\n".join(line for line, (speaker, _) in zip(lines, turns, strict=True) if speaker in first):
            "asked are the first turns, not speakers",
        "\n".join(sorted(lines)[:count]): "keep the order of the meeting",
        right + "\n": "no line break after the last turn",
        right.lower(): "a turn is copied word for word, capitals too",
    }  # fmt: skip
    if got != right:
        raise Mistake(mistakes.get(got, f"your summary is {got!r}, expected {right!r}"))


@exercise("tt-ex-meet-lead")
def lead_of_a_meeting(f):
    """Two turns of five, and four"""
    expect_lead(f, TURNS, 2)
    expect_lead(f, TURNS, 4)


@exercise("tt-ex-meet-lead")
def lead_of_a_short_meeting(f):
    """More turns than there are"""
    expect_lead(f, TURNS[:2], 5)
