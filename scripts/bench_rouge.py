"""ROUGE beside rouge-score on synthetic meetings: rows of ``make bench``, or alone as a script.

Each row scores the same texts, and refuses to time them unless all scores are equal. A summary has a fact per line; the
longer texts are transcripts, a turn per line, where the table of the longest common subsequence costs most.
"""

from rouge_score.rouge_scorer import RougeScorer
from timing import Variants, report

from llmbook.meetings.generator import generate_meeting
from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores


def summary(seed: int, facts: int) -> str:
    """What a perfect summary of a meeting says, a fact per line."""
    return "\n".join(fact.text for fact in generate_meeting(seed, facts=facts).facts)


def transcript(seed: int, words: int) -> str:
    """The first words of a meeting."""
    text, kept = generate_meeting(seed, facts=14, chatter=12.0).transcript, []
    for line in text.split("\n"):
        kept.append(line)
        if sum(len(each.split()) for each in kept) >= words:
            break
    return "\n".join(kept)


def compared(pairs: list[tuple[str, str]], stemmer: bool = False) -> Variants:
    """Both packages on the same pairs."""
    theirs = RougeScorer(list(ROUGE_TYPES), use_stemmer=stemmer)
    variants = {
        "rouge-score": lambda: [theirs.score(*pair) for pair in pairs],
        "llmbook": lambda: [rouge_scores(*pair, stemmer) for pair in pairs],
    }
    if variants["rouge-score"]() != variants["llmbook"]():
        raise SystemExit("the scores are not equal; run python tests/parity/rouge_pairs.py 10000")
    return variants


def variants() -> dict[str, Variants]:
    """The rows, by title."""
    short = [(summary(seed, 6), summary(seed + 100, 6)) for seed in range(10)]
    one_line = [(reference.replace("\n", " "), candidate.replace("\n", " ")) for reference, candidate in short]
    return {
        "ROUGE, 10 summaries": compared(short),
        "ROUGE, 10, stemmed": compared(short, stemmer=True),
        "ROUGE, 10, one line each": compared(one_line),
        "ROUGE, 300 words": compared([(transcript(1, 300), transcript(2, 300))]),
        "ROUGE, 1,000 words": compared([(transcript(1, 1000), transcript(2, 1000))]),
    }


def report_rouge() -> None:
    """Print the rows."""
    for title, rows in variants().items():
        report(title, rows)


if __name__ == "__main__":
    report_rouge()
