"""Our ROUGE is rouge-score's, as floating-point numbers; each deliberate fault shows on the same pairs."""

import re
from collections import Counter
from itertools import islice

import pytest
from rouge_pairs import CHOSEN, FAMILIES, REFERENCES, mismatches, random_pairs, reference_scores
from rouge_score import tokenizers
from rouge_score.rouge_scorer import RougeScorer

from llmbook.metrics import rouge, rouge_tokens
from llmbook.metrics.lcs import lcs_table, lcs_walk
from llmbook.metrics.rouge import ROUGE_TYPES, Score, make_score, rouge_n, rouge_scores

COUNT = 10_000  # of random pairs, with and without stemming; rouge_pairs.py compares as many as you ask for
FEW = 2_000  # on which every fault must show


@pytest.fixture(scope="module")
def pairs():
    return CHOSEN + list(islice(random_pairs(0), COUNT))


@pytest.fixture(scope="module")
def few(pairs):
    """Some pairs and their scores, by stemming."""
    chosen = pairs[: len(CHOSEN) + FEW]
    return chosen, {stemmer: reference_scores(chosen, stemmer) for stemmer in (False, True)}


@pytest.mark.parametrize("stemmer", [False, True])
def test_equal_on_random_and_chosen_pairs(stemmer, pairs):
    expected = reference_scores(pairs, stemmer)
    assert mismatches(pairs, expected, stemmer) == []
    apart = [scores for scores in expected if scores["rougeL"] != scores["rougeLsum"]]
    assert len(apart) > COUNT / 10, "pairs of several sentences, where the two kinds differ"
    assert sum(scores["rouge2"].fmeasure > 0 for scores in expected) > COUNT / 5


def test_each_family_of_pairs_says_something(pairs):
    """The twin of the test above: its pairs are neither all alike nor all empty."""
    for index, family in enumerate(FAMILIES):
        own = pairs[len(CHOSEN) + index :: len(FAMILIES)][:500]
        values = {rouge_scores(*pair)["rouge1"].fmeasure for pair in own}
        assert len(values) > 8, family.__name__


def test_tokens_equal(pairs):
    for stemmer in (False, True):
        theirs = tokenizers.DefaultTokenizer(stemmer)
        assert all(rouge_tokens.rouge_tokens(text, stemmer) == theirs.tokenize(text) for text, _ in pairs[:4000])


def test_several_references_equal(pairs):
    for start in range(0, 900, 3):
        texts, candidate = [reference for reference, _ in pairs[start : start + 3]], pairs[start][1]
        for stemmer in (False, True):
            expected = REFERENCES[stemmer].score_multi(texts, candidate)
            assert rouge_scores(texts, candidate, stemmer) == expected
            assert rouge_scores(tuple(texts), candidate, stemmer) == expected


# Deliberate faults. Each replaces a part of ours; "where" names the scores that must differ on some pair.


def slow_hits(reference, candidate, *, left_on_ties=False, clipped=True):
    """``union_hits`` by way of the tables, with the faults that concern them."""
    union, counts = Counter(), Counter(token for sentence in candidate for token in sentence)
    for sentence in reference:
        places = {place for other in candidate for place in walk(sentence, other, left_on_ties)}
        union.update(sentence[place] for place in places)
    return sum(min(count, counts[token]) if clipped else count for token, count in union.items())


def walk(reference, candidate, left_on_ties):
    """Positions of one longest common subsequence."""
    table = lcs_table(reference, candidate)
    if left_on_ties:  # what goes up on a tie in the transposed table goes left in this one
        cells = [(i, j) for j, i in lcs_walk(table.T, candidate, reference)]
    else:
        cells = lcs_walk(table, reference, candidate)
    return [i - 1 for i, j in cells if reference[i - 1] == candidate[j - 1]]


def longest_substring(reference, candidate):
    """Words in one piece, for a subsequence with gaps."""
    best, lengths = 0, [0] * (len(candidate) + 1)
    for ours in reference:
        lengths = [0] + [lengths[j] + 1 if ours == theirs else 0 for j, theirs in enumerate(candidate)]
        best = max(best, *lengths)
    return best


def flattened(sentences):
    return [token for sentence in sentences for token in sentence]


def unclipped(reference, candidate):
    return sum(reference[item] for item in reference.keys() & candidate.keys())


def distinct(reference, candidate):
    return len(reference.keys() & candidate.keys())


def bigrams_within_lines(reference, candidate):
    scores = sound_scores(reference, candidate)
    ours, theirs = (sum((rouge.ngram_counts(line, 2) for line in text), Counter()) for text in (reference, candidate))
    hits = rouge.clipped_overlap(ours, theirs)
    return scores | {"rouge2": make_score(hits, ours.total(), theirs.total())}


def one_sentence_suffices(reference, candidate):
    scores = sound_scores(reference, candidate)
    return scores | ({"rougeLsum": scores["rougeL"]} if len(reference) == 1 else {})


def arithmetic_mean(hits, reference_size, candidate_size):
    score = sound_score(hits, reference_size, candidate_size)
    return score._replace(fmeasure=(score.precision + score.recall) / 2)


sound_scores, sound_score, sound_sentences = rouge._scores, rouge.make_score, rouge_tokens.rouge_sentences
LSUM, LONG, ALL = {"rougeLsum"}, {"rougeL", "rougeLsum"}, set(ROUGE_TYPES)
RULE_FAULTS = {
    "counts not clipped": ("clipped_overlap", unclipped, {"rouge1", "rouge2"}),
    "distinct n-grams": ("clipped_overlap", distinct, {"rouge1", "rouge2"}),
    "substring for subsequence": ("lcs_length", longest_substring, LONG),
    "rougeL for rougeLsum": ("rouge_lsum", lambda a, b: rouge.rouge_l(flattened(a), flattened(b)), LSUM),
    "ties the other way": ("union_hits", lambda a, b: slow_hits(a, b, left_on_ties=True), LSUM),
    "union not clipped": ("union_hits", lambda a, b: slow_hits(a, b, clipped=False), LSUM),
    "one sentence of the reference suffices": ("_scores", one_sentence_suffices, LSUM),
    "bigrams end with the line": ("_scores", bigrams_within_lines, {"rouge2"}),
    "precision and recall swapped": ("make_score", lambda h, r, c: sound_score(h, c, r), ALL),
    "arithmetic mean": ("make_score", arithmetic_mean, ALL),
    "letters for words": ("rouge_sentences", lambda text, _: sentences_by(text, r"[a-z0-9]"), ALL),
    "capitals kept": ("rouge_sentences", lambda text, _: sentences_by(text, r"[A-Za-z0-9]+", str), ALL),
    "accents and other scripts kept": ("rouge_sentences", lambda text, _: sentences_by(text, r"[^\W_]+"), ALL),
    "underscores kept": ("rouge_sentences", lambda text, _: sentences_by(text, r"[a-z0-9_]+"), ALL),
    "every kind of newline": ("rouge_sentences", lambda text, _: sound_sentences("\n".join(text.splitlines())), LSUM),
    "full stops end sentences": ("rouge_sentences", lambda text, _: sound_sentences(text.replace(".", "\n")), LSUM),
    "newlines ignored": ("rouge_sentences", lambda text, _: sound_sentences(text.replace("\n", " ")), LSUM),
    "stems without being asked": ("rouge_sentences", lambda text, _: sound_sentences(text, True), ALL),
}  # fmt: skip


def sentences_by(text, word, lower=str.lower):
    """Sentences by another rule of what a word is."""
    return [found for line in lower(text).split("\n") if (found := re.findall(word, line))]


def kinds_that_differ(few, stemmer):
    """The kinds of score that are not equal on some of the pairs."""
    pairs, expected = few[0], few[1][stemmer]
    ours = [rouge_scores(*pair, stemmer) for pair in pairs]
    return {kind for kind in ROUGE_TYPES if any(a[kind] != b[kind] for a, b in zip(ours, expected, strict=True))}


def test_the_slow_union_is_the_fast_one(few, monkeypatch):
    monkeypatch.setattr(rouge, "union_hits", slow_hits)
    assert kinds_that_differ(few, False) == set()


@pytest.mark.parametrize("fault", RULE_FAULTS)
def test_a_wrong_rule_shows(fault, few, monkeypatch):
    name, replacement, where = RULE_FAULTS[fault]
    monkeypatch.setattr(rouge, name, replacement)
    assert kinds_that_differ(few, False) == where


@pytest.fixture
def fresh_stems(monkeypatch):
    """No stem is remembered from before, and none afterwards."""
    rouge_tokens.stem.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    rouge_tokens.stem.cache_clear()


@pytest.mark.parametrize("longest", [2, 4, 100])
def test_stemming_words_of_another_length_shows(longest, few, fresh_stems):
    fresh_stems.setattr(rouge_tokens, "LONGEST_UNSTEMMED", longest)
    assert "rouge1" in kinds_that_differ(few, True)


@pytest.mark.parametrize("mode", ["ORIGINAL_ALGORITHM", "MARTIN_EXTENSIONS"])
def test_another_stemmer_shows(mode, few, fresh_stems):
    stemmer = type(tokenizers.DefaultTokenizer(True)._stemmer)(mode)
    fresh_stems.setattr(rouge_tokens, "_porter", lambda: stemmer.stem)
    assert "rouge1" in kinds_that_differ(few, True)


REFERENCE_FAULTS = {
    "the last reference of equals": lambda scores: max(reversed(scores), key=lambda score: score.fmeasure),
    "the best precision": lambda scores: max(scores, key=lambda score: score.precision),
    "the best recall": lambda scores: max(scores, key=lambda score: score.recall),
    "the worst": lambda scores: min(scores, key=lambda score: score.fmeasure),
    "the mean": lambda scores: Score(*(sum(each) / len(each) for each in zip(*scores, strict=True))),
}
TIED = (("a b c d", "a"), "a b")  # F is 2/3 with both, precision 1 and 1/2
SEVERAL = [TIED, (("a b c d x y z w", "a b q q q q q q q q", "a"), "a b c d"), (("a b c", "x y"), "a y y y y y y")]


@pytest.mark.parametrize("fault", REFERENCE_FAULTS)
def test_another_choice_among_references_shows(fault, monkeypatch):
    expected = [REFERENCES[False].score_multi(*several) for several in SEVERAL]
    assert [rouge_scores(*several) for several in SEVERAL] == expected
    monkeypatch.setattr(rouge, "best", REFERENCE_FAULTS[fault])
    assert [rouge_scores(*several) for several in SEVERAL] != expected


def test_rouge_n_of_any_n_equals(pairs):
    theirs = RougeScorer(["rouge3", "rouge7"])
    for reference, candidate in pairs[:800]:
        ours, other = rouge_tokens.rouge_tokens(reference), rouge_tokens.rouge_tokens(candidate)
        expected = theirs.score(reference, candidate)
        assert rouge_n(ours, other, 3) == expected["rouge3"] and rouge_n(ours, other, 7) == expected["rouge7"]
