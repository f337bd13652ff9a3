"""Pairs of texts on which our ROUGE must equal rouge-score: random ones, and ones that were made to be difficult.

``python tests/parity/rouge_pairs.py 300000`` compares so many, with and without stemming. A second argument is a file
of QMSum (https://github.com/Yale-LILY/QMSum, data/ALL/jsonl/test.jsonl), whose meetings are then compared as well.
"""

import argparse
import json
import random
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores

REFERENCES = {stemmer: RougeScorer(list(ROUGE_TYPES), use_stemmer=stemmer) for stemmer in (False, True)}
SUFFIXES = [
    "", "s", "es", "ies", "ied", "ed", "eed", "ing", "ational", "ization", "iveness", "fulness", "biliti", "icate",
    "ement", "ion", "sion", "ll", "y", "e", "ly", "alli", "fulli", "logi", "ying", "ous", "ness", "er",
]  # fmt: skip
BEGINNINGS = [
    "sk", "d", "l", "run", "hopp", "rel", "condit", "oper", "yyy", "trou", "fil", "hiss", "prob", "inn", "a", "plast",
    "meet", "decid", "n", "syzyg", "2nd", "goo", "ad", "fall", "tie", "succ", "howe",
]  # fmt: skip
CHARACTERS = "aabcAB12_-'.,; \t\n\n\r\x0b\x0c\x1c\x85\u2028\u00a0\x00éÉßñıİſK²½ﬁαΣςя中😀\ud800Ⅷ٣"
SENTENCE_ENDS = ["\n", "\n\n", " \n", ".\n", "\r\n", " "]


def few_words(draw: random.Random, longest: int) -> tuple[str, str]:
    """Texts over one to six words: many subsequences are equally long."""
    vocabulary, share = ["a", "b", "cc", "ddd", "eeee", "fffff"][: draw.randint(1, 6)], draw.choice((0, 0.1, 0.3))

    def text(length: int) -> str:
        return "".join(draw.choice(vocabulary) + ("\n" if draw.random() < share else " ") for _ in range(length))

    return text(draw.randint(0, longest)), text(draw.randint(0, longest))


def english_words(draw: random.Random, longest: int) -> tuple[str, str]:
    """Words with endings that a stemmer cuts, some of them frequent."""

    def text(length: int) -> str:
        words = (draw.choice(BEGINNINGS) + draw.choice(SUFFIXES) for _ in range(length))
        return "".join(word + (draw.choice(SENTENCE_ENDS) if draw.random() < 0.15 else " ") for word in words)

    return text(draw.randint(0, longest)), text(draw.randint(0, longest))


def edited_copy(draw: random.Random, longest: int) -> tuple[str, str]:
    """A text, and the same one with words dropped, doubled and capitalized, and its lines in another order."""
    reference = [[f"w{int(draw.paretovariate(0.7))}" for _ in range(draw.randint(1, longest // 2))]
                 for _ in range(draw.randint(1, 4))]  # fmt: skip
    lines = [[word for word in line for _ in range(draw.choice((0, 1, 1, 1, 1, 2)))] for line in reference]
    if draw.random() < 0.5:
        draw.shuffle(lines)
    candidate = "\n".join(" ".join(word.upper() if draw.random() < 0.2 else word for word in line) for line in lines)
    return "\n".join(map(" ".join, reference)), candidate


def any_characters(draw: random.Random, longest: int) -> tuple[str, str]:
    """Letters with accents, letters that change in lower case, other scripts and digits, kinds of space and newline."""
    return tuple("".join(draw.choices(CHARACTERS, k=draw.randint(0, 2 * longest))) for _ in range(2))


FAMILIES = (few_words, english_words, edited_copy, any_characters)
CHOSEN = [
    ("", ""), ("", "a"), ("a", ""), ("\n", "a"), ("...", "a"), (" \n\t", "\n\n"), ("a", "a"), ("a", "b"),
    ("a b", "b a"),
    ("a a a", "a"), ("a", "a a a"), ("the cat", "The CAT."), ("a\nb", "a b"), ("a b", "a\nb"), ("don't", "don t"),
    ("naïve café", "naive cafe"), ("x" * 1000, "x" * 1000), ("a " * 200, "a\n" * 200), ("a b c d e", "a x c y e"),
    ("a b c\nd e", "d e\na b c"), ("a c b", "a b\nc b"), ("skies dying", "sky die"), ("1,000", "1 000"),
]  # fmt: skip


def random_pairs(seed: int, longest: int = 14) -> Iterator[tuple[str, str]]:
    """Pairs without end, all families in turn, of up to about ``longest`` words."""
    draw = random.Random(seed)
    while True:
        for family in FAMILIES:
            yield family(draw, longest)


def meeting_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Answers about real meetings, with each other, with the transcript, and with the turns that they are about."""
    for line in path.read_text(encoding="utf-8").splitlines():
        meeting = json.loads(line)
        turns = [f"{turn['speaker']}: {turn['content']}" for turn in meeting["meeting_transcripts"]]
        answers = [query["answer"] for key in ("general_query_list", "specific_query_list") for query in meeting[key]]
        lines = ["\n".join(answer.split(". ")) for answer in answers]
        yield lines[0], "\n".join(turns)
        yield answers[0], " ".join(turns)
        yield "\n".join(turns[:60]), "\n".join(turns[60:120])
        yield from pairwise(lines)
        for answer, query in zip(
            lines[-len(meeting["specific_query_list"]) :], meeting["specific_query_list"], strict=True
        ):
            spans = [turns[int(start) : int(end) + 1] for start, end in query["relevant_text_span"]]
            yield answer, "\n".join(turn for span in spans for turn in span)


def mismatches(pairs: list[tuple[str, str]], expected: list[dict], stemmer: bool) -> list[tuple[str, str]]:
    """The pairs whose scores are not equal, as floating-point numbers."""
    return [pair for pair, scores in zip(pairs, expected, strict=True) if rouge_scores(*pair, stemmer) != scores]


def reference_scores(pairs: list[tuple[str, str]], stemmer: bool) -> list[dict]:
    """What rouge-score says."""
    return [REFERENCES[stemmer].score(*pair) for pair in pairs]


def main() -> None:
    """Compare many pairs, and say how many were equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="random pairs")
    parser.add_argument("qmsum", type=Path, nargs="?", help="a jsonl file of QMSum")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sources = {"short": islice(random_pairs(options.seed), options.count),
               "longer": islice(random_pairs(options.seed + 1, longest=50), options.count // 10)}  # fmt: skip
    if options.qmsum:
        sources["QMSum"] = meeting_pairs(options.qmsum)
    for name, pairs in sources.items():
        pairs = list(pairs)
        for stemmer in (False, True):
            wrong = mismatches(pairs, reference_scores(pairs, stemmer), stemmer)
            print(f"{name}, stemmer={stemmer}: {len(pairs)} pairs, {len(wrong)} differ {wrong[:1]}")


if __name__ == "__main__":
    main()
