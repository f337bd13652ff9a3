"""Does the ranking of summarizers change with the author of the references? Same meetings, same facts, other words.

Three writers state the same facts in words of their own (``meetings/phrasings.py``). The medium summarizer is
tuned to references by two of them, and every summary is scored against references by each of the three. What is true in
a summary does not depend on who wrote the reference; the facts are therefore scored once. Beside them stand the large
model, which nobody tuned (it learned to write from the plain writer's references), and the first three turns.

Null: the judge makes no difference to a difference. Whatever system A has before system B under one author, it has
under any other.
"""

from collections.abc import Sequence

import numpy as np

from llmbook.experiments.meetings_t5 import (
    CONTEXT,
    SHORT,
    TUNING_MEETINGS,
    TUNING_SEED,
    load_summarizer,
    load_summarizer_tokenizer,
    private_meetings,
    tuned_summarizer,
)
from llmbook.experiments.results import read_result, select
from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.meeting import INSTRUCTIONS, Meeting
from llmbook.meetings.perturbations import restate
from llmbook.meetings.phrasings import WORDINGS
from llmbook.metrics.rouge import rouge_scores
from llmbook.models.t5 import T5
from llmbook.summarizers.baselines import lead
from llmbook.summarizers.seq2seq import Pair, encode, prompt
from llmbook.summarizers.t5 import summarize

AUTHORS = tuple(WORDINGS)
TUNED_ON = AUTHORS[:2]
KINDS = ("rouge1", "rouge2", "rougeLsum")
FIXED = ("lead 3", "large, zero-shot")
SYSTEMS = (*FIXED, *(f"medium, tuned on {author}" for author in TUNED_ON))
TEST_SEED, TEST_MEETINGS = 75, 100
MOST_NEW_TOKENS = 128  # references by "minutes" have up to 103


def authored_pairs(meetings: Sequence[Meeting], author: str) -> list[Pair]:
    """Every meeting under every instruction, cut to the context, with references by an author."""
    tokenizer = load_summarizer_tokenizer()
    return [Pair(encode(tokenizer, prompt(meeting.transcript, instruction), CONTEXT),
                 encode(tokenizer, restate(meeting.reference(instruction), author)))
            for meeting in meetings for instruction in INSTRUCTIONS]  # fmt: skip


def tuned_medium(author: str, seed: int) -> T5:
    """The medium base, tuned to the theater with references by an author."""
    pairs = authored_pairs(private_meetings(TUNING_MEETINGS, TUNING_SEED, **SHORT), author)
    return tuned_summarizer("medium", pairs, seed=seed)


def summaries_of(system: str, seed: int, meetings: Sequence[Meeting]) -> list[str]:
    """What a system of ``SYSTEMS`` writes; the seed counts where it is tuned."""
    if system == "lead 3":
        return [lead(meeting) for meeting in meetings]
    tuned = system.removeprefix("medium, tuned on ")
    model = tuned_medium(tuned, seed) if tuned in TUNED_ON else load_summarizer("large").eval()
    return summarize(model, load_summarizer_tokenizer(), meetings, context=CONTEXT, max_new_tokens=MOST_NEW_TOKENS)


def run(system: str, seed: int) -> dict:
    """Write and score: a row with one number per meeting for the facts, and for each kind of ROUGE by each author."""
    meetings = private_meetings(TEST_MEETINGS, TEST_SEED, **SHORT)
    scores = judged(meetings, summaries_of(system, seed, meetings))
    return {"system": system, "seed": seed} | {name: np.round(each, 4).tolist() for name, each in scores.items()}


def judged(meetings: Sequence[Meeting], summaries: Sequence[str]) -> dict[str, np.ndarray]:
    """F1 of the facts, and F of each of ``KINDS`` against references by each author, as in "rouge2 by notes"."""
    found = {"facts_f1": np.array([check_facts(*pair).f1 for pair in zip(meetings, summaries, strict=True)])}
    for author in AUTHORS:
        scores = [rouge_scores(restate(meeting.reference(), author), text)
                  for meeting, text in zip(meetings, summaries, strict=True)]  # fmt: skip
        found |= {f"{kind} by {author}": np.array([each[kind].fmeasure for each in scores]) for kind in KINDS}
    return found


def stored_scores(measure: str) -> dict[str, np.ndarray]:
    """A measure of :func:`judged` for each system, ``(seeds, meetings)``; what is not tuned has one seed.

    Raises:
        ValueError: there is no such measure.
    """
    rows = read_result("judges")["rows"]
    if measure not in rows[0]:
        raise ValueError(f"unknown measure {measure!r}; choose one of {', '.join(rows[0])}")
    return {system: np.array([row[measure] for row in select(rows, system=system)]) for system in SYSTEMS}
