"""ROUGE by hand: words, clipped counts, the table, the walk, unions of subsequences, and what is refused."""

import random
from itertools import combinations

import numpy as np
import pytest

from llmbook.metrics.lcs import lcs_length, lcs_table, lcs_walk, token_places
from llmbook.metrics.rouge import (
    ROUGE_TYPES,
    Score,
    make_score,
    ngram_counts,
    rouge_l,
    rouge_lsum,
    rouge_n,
    rouge_scores,
)  # fmt: skip
from llmbook.metrics.rouge_tokens import rouge_sentences, rouge_tokens
from llmbook.metrics.union_lcs import union_hits, union_lcs

REFERENCE = "The group cut the budget.\nAna writes the plan."
CANDIDATE = "Ana cut the budget."


def test_scores_by_hand():
    """9 words against 4. Shared: ana, cut, the, budget; of the pairs cut the, the budget; in order cut the budget."""
    scores = rouge_scores(REFERENCE, CANDIDATE)
    assert scores["rouge1"] == (4 / 4, 4 / 9, 2 * (4 / 9) / (13 / 9))
    assert scores["rouge2"][:2] == (2 / 3, 2 / 8)
    assert scores["rougeL"][:2] == (3 / 4, 3 / 9)
    assert scores["rougeLsum"][:2] == (4 / 4, 4 / 9), "Ana from the second sentence, the rest from the first"
    assert list(scores) == list(ROUGE_TYPES)


def test_counts_are_clipped():
    assert rouge_n(["the"], ["the"] * 4, 1) == (1 / 4, 1.0, 0.4)
    assert rouge_n(["a", "b", "a", "b"], ["a", "b"], 2)[:2] == (1.0, 1 / 3)


def test_without_newlines_both_kinds_of_rouge_l_are_equal():
    flat = rouge_scores(REFERENCE.replace("\n", " "), CANDIDATE)
    assert flat["rougeLsum"] == flat["rougeL"] == rouge_scores(REFERENCE, CANDIDATE)["rougeL"]


def test_a_score_reads_in_three_ways():
    score = rouge_scores(REFERENCE, CANDIDATE)["rouge1"]
    assert score.recall == score["recall"] == score[1] == 4 / 9 and score._asdict() == dict(
        zip(("precision", "recall", "fmeasure"), score, strict=True)
    )
    assert score[:2] == (1.0, 4 / 9) and np.asarray([score]).shape == (1, 3)
    with pytest.raises((TypeError, IndexError)):
        score["f1"]


@pytest.mark.parametrize("empty", ["", "\n\n", " ... ", "日本語", "é"])
def test_an_empty_text_scores_zero(empty):
    for pair in ((empty, "a b"), ("a b", empty), (empty, empty)):
        assert set(rouge_scores(*pair).values()) == {Score(0.0, 0.0, 0.0)}


@pytest.mark.parametrize("wrong", [None, 3, b"bytes", ["a", None], {"a": 1}, float("nan")])
def test_what_is_no_text_is_refused(wrong):
    with pytest.raises(TypeError, match=r"must be a str, not \w+; for a missing summary pass ''"):
        rouge_scores(wrong, "a")
    if not isinstance(wrong, list):
        with pytest.raises(TypeError, match="candidate must be a str"):
            rouge_scores("a", wrong)


def test_no_reference_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one reference"):
        rouge_scores([], "a")
    with pytest.raises(TypeError, match="candidate must be a str, not list"):
        rouge_scores("a", ["a"])


def test_of_several_references_each_kind_takes_its_best():
    scores = rouge_scores(["a b c d", "d c b a a"], "d c b a")
    assert scores["rouge1"].fmeasure == 1.0 and scores["rougeL"].recall == 4 / 5


# Words


def test_words():
    assert rouge_tokens("Don't PANIC: 1,000 café\tx_y") == ["don", "t", "panic", "1", "000", "caf", "x", "y"]
    assert rouge_tokens("meetings") == ["meetings"], "stems are asked for"
    assert rouge_sentences("meetings") == [["meetings"]]
    assert rouge_sentences("a b.\n\n...\nc\r\nd e") == [["a", "b"], ["c"], ["d", "e"]]
    assert rouge_tokens("meetings met deciding was runs", stemmer=True) == ["meet", "met", "decid", "was", "run"]
    assert rouge_tokens("was", stemmer=True) == ["was"], "words of three letters stay"


def test_ngram_counts():
    assert ngram_counts(["a", "b", "a", "b"], 2) == {("a", "b"): 2, ("b", "a"): 1}
    assert ngram_counts(["a"], 2) == {} and ngram_counts(["x", "y"], 1) == {("x",): 1, ("y",): 1}
    with pytest.raises(ValueError, match="at least one token"):
        ngram_counts(["a"], 0)


@pytest.mark.parametrize("call", [
    lambda: ngram_counts("a b", 1), lambda: lcs_length("a b", ["a"]), lambda: lcs_table(["a"], "a b"),
    lambda: union_lcs("a b", [["a"]]), lambda: union_lcs(["a"], ["a b"]), lambda: union_hits(["a b"], [["a"]]),
    lambda: rouge_l(["a"], "a"), lambda: rouge_l(b"a b", ["a"]), lambda: rouge_n("ab", ["a"], 1),
    lambda: rouge_n(["a"], b"ab", 1), lambda: rouge_n(bytearray(b"a"), ["a"], 1), lambda: union_hits(b"ab", [["a"]]),
    lambda: rouge_lsum([["a"]], b""), lambda: rouge_lsum([["a"]], ["a"]), lambda: union_lcs(["a"], "ab"),
    lambda: lcs_walk(None, "a", ["a"]), lambda: token_places("ab"), lambda: token_places(b""),
])  # fmt: skip
def test_a_text_for_tokens_is_refused(call):
    with pytest.raises(TypeError, match="pass a list of tokens, not the text"):
        call()


# Subsequences


def by_enumeration(reference, candidate):
    """The length of the longest common subsequence, from all subsequences of the reference."""

    def is_in(part):
        rest = iter(candidate)
        return all(token in rest for token in part)

    return max(size for size in range(len(reference) + 1) for part in combinations(reference, size) if is_in(part))


def random_tokens(draw, longest):
    return draw.choices("abcd"[: draw.randint(1, 4)], k=draw.randint(0, longest))


def test_the_table_of_an_example():
    assert lcs_table(list("abcb"), list("bdcb")).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1],
        [0, 1, 1, 2, 2],
        [0, 1, 1, 2, 3],
    ]


def test_length_and_table_equal_all_subsequences():
    draw = random.Random(0)
    for _ in range(300):
        reference, candidate = random_tokens(draw, 8), random_tokens(draw, 8)
        expected = by_enumeration(reference, candidate)
        assert lcs_length(reference, candidate) == lcs_table(reference, candidate)[-1, -1] == expected


def test_long_texts():
    draw = random.Random(1)
    for length in (63, 64, 65, 400):
        reference, candidate = draw.choices("abcdef", k=length), draw.choices("abcdef", k=length + 7)
        assert lcs_length(reference, candidate) == lcs_table(reference, candidate)[-1, -1]


def test_the_walk_and_its_bits_agree():
    draw, ties = random.Random(2), 0
    for _ in range(500):
        reference, candidate = random_tokens(draw, 14), random_tokens(draw, 14)
        table = lcs_table(reference, candidate)
        walk = lcs_walk(table, reference, candidate)
        matches = sorted(i - 1 for i, j in walk if reference[i - 1] == candidate[j - 1])
        assert union_lcs(reference, [candidate]) == matches and len(matches) == table[-1, -1]
        other = {i - 1 for j, i in lcs_walk(table.T, candidate, reference) if reference[i - 1] == candidate[j - 1]}
        ties += other != set(matches)
    assert ties > 50, "pairs with several longest subsequences, of which the other rule chooses another"


def test_a_tie_by_hand():
    """a and b are both longest; from the last cell the walk goes up first, which gives up b and keeps a."""
    assert lcs_walk(lcs_table(["a", "b"], ["b", "a"]), ["a", "b"], ["b", "a"]) == [(2, 2), (1, 2)]
    assert union_lcs(["a", "b"], [["b", "a"]]) == [0]


def test_union_of_the_papers_kind():
    """Lin 2004, Section 3.2: w1 w2 from one sentence and w1 w3 w5 from another make four words of five."""
    reference = ["w1", "w2", "w3", "w4", "w5"]
    assert union_lcs(reference, [["w1", "w2", "w6", "w7", "w8"], ["w1", "w3", "w8", "w9", "w5"]]) == [0, 1, 2, 4]


def test_unions_of_many_sentences_at_once_equal_one_by_one():
    draw = random.Random(3)
    for _ in range(200):
        reference = [random_tokens(draw, draw.choice((1, 5, 40))) for _ in range(draw.randint(0, 6))]
        candidate = [random_tokens(draw, 12) for _ in range(draw.randint(0, 5))]
        union = [sentence[place] for sentence in reference for place in union_lcs(sentence, candidate)]
        words = [token for sentence in candidate for token in sentence]
        assert union_hits(reference, candidate) == sum(min(union.count(w), words.count(w)) for w in set(union))


def test_make_score_of_nothing():
    assert make_score(0, 0, 0) == make_score(0, 5, 0) == make_score(0, 5, 5) == (0.0, 0.0, 0.0)


def test_unions_with_an_empty_side():
    assert union_lcs([], [["a"]]) == union_lcs(["a"], []) == union_lcs(["a"], [[]]) == union_lcs([], []) == []
    assert union_lcs(["a", "b"], [[], ["b"], []]) == [1], "an empty sentence takes nothing away"
    assert union_hits([], [["a"]]) == union_hits([["a"]], []) == union_hits([[]], [[]]) == union_hits([], []) == 0
    assert union_hits([[], ["a", "b"], []], [["b"], []]) == 1
    assert rouge_lsum([["a"]], []) == rouge_lsum([], [["a"]]) == rouge_lsum([], []) == Score(0, 0, 0)
    assert lcs_length([], ["a"]) == lcs_length(["a"], []) == 0 and lcs_table([], ["a"]).tolist() == [[0, 0]]
