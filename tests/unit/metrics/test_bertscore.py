"""BERTScore equals its definition, computed one token at a time; states and surprise are the model's."""

import math

import pytest
import torch

from llmbook.experiments.meetings_olmo import load_base, load_base_tokenizer
from llmbook.metrics.bertscore import (
    TokenEncoder,
    bert_score,
    greedy_score,
    idf_weights,
    rescaled,
    similarity_matrix,
    surprise,
)

ONE = "The crash rate is 5 percent.\nBen will fix the login page by Monday."
OTHER = "Ben will not fix the login page by Monday.\n5 percent of all sessions end in a crash."


@pytest.fixture(scope="module")
def encoder():
    return TokenEncoder(load_base(), load_base_tokenizer())


def brute_force(reference, candidate, w, v):
    """Sums over tokens, with a cosine for each pair."""
    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)
    recall = sum(wi * max(cosine(a, b) for b in candidate) for a, wi in zip(reference, w, strict=True)) / sum(w)
    precision = sum(vj * max(cosine(a, b) for a in reference) for b, vj in zip(candidate, v, strict=True)) / sum(v)
    return precision, recall, 2 * precision * recall / (precision + recall)


def cases():
    generator = torch.Generator().manual_seed(0)
    for rows, columns in ((1, 1), (1, 7), (7, 1), (4, 9), (30, 20)):
        states = [3 + torch.randn(n, 5, generator=generator, dtype=torch.float64) for n in (rows, columns)]
        weights = [torch.rand(n, generator=generator, dtype=torch.float64) for n in (rows, columns)]
        yield states, weights


def test_the_greedy_score_is_its_definition():
    for (r, c), (w, v) in cases():
        plain = greedy_score(similarity_matrix(r, c))
        assert plain == pytest.approx(brute_force(r.tolist(), c.tolist(), [1] * len(r), [1] * len(c)), abs=1e-12)
        weighted = greedy_score(similarity_matrix(r, c), w, v)
        assert weighted == pytest.approx(brute_force(r.tolist(), c.tolist(), w.tolist(), v.tolist()), abs=1e-12)


def test_exchanged_axes_and_unnormalized_states_are_caught():
    (r, c), (w, v) = list(cases())[3]
    right = brute_force(r.tolist(), c.tolist(), w.tolist(), v.tolist())
    assert greedy_score(similarity_matrix(c, r), v, w) != pytest.approx(right, abs=1e-4)
    assert greedy_score(r @ c.T, w, v) != pytest.approx(right, abs=1e-4)
    assert greedy_score(similarity_matrix(r, c)) != pytest.approx(right, abs=1e-4)


def test_greedy_means_that_partners_may_be_shared():
    similarity = torch.tensor([[0.9, 0.8], [0.7, 0.1]])  # both rows prefer column 0
    assert greedy_score(similarity)[:2] == pytest.approx(((0.9 + 0.8) / 2, (0.9 + 0.7) / 2))


def test_idf_counts_texts_and_not_tokens():
    weights = idf_weights([[0, 0, 1], [0, 2], [0]], 4)
    assert weights.tolist() == pytest.approx([math.log(4 / 4), math.log(4 / 2), math.log(4 / 2), math.log(4 / 1)])


def test_empty_texts_score_nothing(encoder):
    assert bert_score(encoder, ONE, "") == bert_score(encoder, "", ONE) == (0, 0, 0)
    assert bert_score(encoder, ONE, ONE) == pytest.approx((1, 1, 1), abs=1e-5)
    assert bert_score(encoder, ONE, OTHER).fmeasure < 0.99


def test_weights_are_those_of_the_tokens(encoder):
    (ids, states), (others, other_states) = encoder.encode(ONE), encoder.encode(OTHER)
    weights = idf_weights([ids, others[:9]], 512)
    by_hand = brute_force(states.tolist(), other_states.tolist(), [float(weights[i]) for i in ids],
                          [float(weights[i]) for i in others])  # fmt: skip
    assert bert_score(encoder, ONE, OTHER, weights) == pytest.approx(by_hand, abs=1e-5)
    assert bert_score(encoder, ONE, OTHER) != pytest.approx(by_hand, abs=1e-3)


def test_lines_are_read_alone_and_batches_change_nothing(encoder):
    lines = (ONE + "\n\n" + OTHER).splitlines()
    fresh = TokenEncoder(encoder.model, encoder.tokenizer)
    fresh.read(["\n".join(lines)])
    for line in filter(None, lines):
        ids = torch.tensor([encoder.tokenizer.encode(line).ids])
        with torch.no_grad():
            alone = encoder.model.hidden_states(ids)[0]
        assert fresh.lines[line][0] == ids[0].tolist()
        assert torch.allclose(fresh.lines[line][1], alone, atol=1e-5)
        assert not torch.allclose(fresh.lines[line][1], alone.flip(0), atol=1e-2)
    assert len(fresh.lines) == 4


def test_a_decoder_knows_nothing_of_what_follows(encoder):
    (ids, states), (_, denied) = (encoder.encode(f"Ben will {word}fix the login page.") for word in ("", "not "))
    assert torch.allclose(states[:2], denied[:2], atol=1e-5) and not torch.allclose(states[-3:], denied[-3:], atol=0.1)
    assert len(ids) == len(states)


def test_surprise_is_the_cross_entropy(encoder):
    losses = []
    for line in ONE.splitlines():
        ids = torch.tensor([encoder.tokenizer.encode(line).ids])
        with torch.no_grad():
            losses.append(torch.nn.functional.cross_entropy(encoder.model(ids)[0, :-1], ids[0, 1:], reduction="none"))
    assert surprise(encoder, ONE) == pytest.approx(float(torch.cat(losses).mean()), abs=1e-5)
    by_line = float(torch.stack([part.mean() for part in losses]).mean())
    assert surprise(encoder, ONE) != pytest.approx(by_line, abs=1e-3)
    with pytest.raises(ValueError, match="at least two tokens"):
        surprise(encoder, "\n")


def test_rescaling_keeps_1_and_sends_the_baseline_to_0():
    assert (rescaled(1, 0.7), rescaled(0.7, 0.7)) == (1, 0) and rescaled(0.85, 0.7) == pytest.approx(0.5)


def test_texts_are_no_ids_and_one_text_is_no_list(encoder):
    for wrong in ("ab", ["ab", "cd"], [b"ab"], b"ab"):
        with pytest.raises(TypeError, match="pass a list of tokens, not the text"):
            idf_weights(wrong, 128)
    assert idf_weights([[1, 2], [1]], 3).tolist() == pytest.approx([1.0986123, 0, 0.4054651])
    with pytest.raises(TypeError, match="texts must be a list of str, not one str"):
        encoder.read("a line")
    with pytest.raises(TypeError, match="a text must be a str, not list"):
        encoder.encode(["a line"])
