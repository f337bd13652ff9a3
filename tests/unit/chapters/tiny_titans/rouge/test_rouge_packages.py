"""What other ROUGE packages were seen to print is what they are said to count."""

from collections import Counter

import pytest

from llmbook.experiments.results import read_result
from llmbook.metrics.rouge import rouge_n
from llmbook.metrics.rouge_tokens import rouge_tokens

ROWS = read_result("rouge_packages")["rows"]


def clipped(reference, candidate, cut=str.split):
    return rouge_n(cut(reference), cut(candidate), 1).fmeasure


def distinct(reference, candidate):
    ours, theirs = set(reference.split()), set(candidate.split())
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


COUNTS = {
    ("rouge-score", "0.1.2", "by default"): lambda *pair: clipped(*pair, cut=rouge_tokens),
    ("rouge", "1.0.1", "by default"): distinct,
    ("rouge", "1.0.1", "exclusive=False"): clipped,
    ("rouge-metric", "1.0.1", "by default"): clipped,
}


def kind(row):
    return row["package"], row["version"], row["setting"]


def disagreeing(rows, counts=COUNTS):
    """The packages that say something else than their kind of count gives."""
    return {kind(row) for row in rows
            if row["rouge1"] != pytest.approx(counts[kind(row)](row["reference"], row["candidate"]), abs=1e-4)}


def test_every_package_ran_on_every_pair():
    assert Counter(map(kind, ROWS)) == dict.fromkeys(COUNTS, 4)
    assert len({(row["pair"], row["reference"], row["candidate"]) for row in ROWS}) == 4


def test_they_count_as_the_page_says():
    assert not disagreeing(ROWS)


@pytest.mark.parametrize("package", COUNTS)
def test_and_the_pairs_tell_the_kinds_apart(package):
    """A package with another's way of counting would be seen."""
    others = {count for each, count in COUNTS.items() if count is not COUNTS[package]}
    assert all(package in disagreeing(ROWS, COUNTS | {package: other}) for other in others)
