"""Wrong audits of lengths fail with a hint that names the misconception; right ones pass in other forms."""

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.truncation.checks_work import qmsum

PREFIX = "tt-ex-trunc-"


def inside(ratios, low, high):
    """The share in the range."""
    return np.mean((ratios >= low) & (ratios <= high))


def claim(mean=np.mean, share=inside, read=lambda ratios: np.minimum(ratios, 1).sum() / ratios.sum(),
          ratio=lambda words, rate, context: words * rate / context):  # fmt: skip
    """The three numbers with each part open."""
    def audit(words, rate, context, low, high):
        ratios = ratio(np.array(words), rate, context)
        return mean(ratios), share(ratios, low, high), read(ratios)
    return audit


def by_lists(lengths, tokens_a_word, limit, least, most):
    """Plain lists and sums of tokens."""
    tokens = [tokens_a_word * each for each in lengths]
    held = [least * limit <= each <= most * limit for each in tokens]
    read = sum(min(each, limit) for each in tokens)
    return [sum(tokens) / len(tokens) / limit, sum(held) / len(held), read / sum(tokens)]


def single_precision(words, rate, context, low, high):
    """One tensor in float32."""
    tokens = rate * torch.tensor(words).float()
    held = ((tokens >= low * context) & (tokens <= high * context)).float().mean()
    return torch.stack([tokens.mean() / context, held, tokens.clamp(max=context).sum() / tokens.sum()])


def in_place(words, rate, context, low, high):
    """The list that came in is overwritten with what is cut off."""
    total, number = sum(words) * rate, len(words)
    held = sum(low <= each * rate / context <= high for each in words)
    for place, each in enumerate(words):
        words[place] = max(0, each * rate - context)
    return total / number / context, held / number, 1 - sum(words) / total


WRONG = [("claim", answer, phrases) for answer, phrases in (
    (claim(ratio=lambda words, rate, context: words / rate / context), "a word is `rate` tokens"),
    (claim(mean=lambda ratios: np.mean(qmsum()) / 2048), "expected"),
    (lambda words, rate, context, low, high: (np.mean(words) / context, 0, 0), "those are words"),
    (claim(mean=np.median), "the middle meeting"),
    (claim(mean=np.sum), "divide by their number"),
    (claim(mean=lambda ratios: 1 / ratios.mean()), "not the other way round"),
    (claim(mean=lambda ratios: 1 / np.mean(1 / ratios)), "average the lengths, not the shares"),
    (claim(mean=lambda ratios: np.maximum(ratios, 1).mean()), "count it as it is"),
    (claim(mean=lambda ratios: round(ratios.mean(), 1)), "expected"),
    (claim(share=lambda ratios, low, high: np.sum((ratios >= low) & (ratios <= high))), "asked is their share"),
    (claim(share=lambda ratios, low, high: np.mean((ratios > low) & (ratios < high))), "both ends belong"),
    (claim(share=lambda ratios, low, high: np.mean((ratios >= low) & (ratios < high))), "both ends belong"),
    (claim(share=lambda ratios, low, high: np.mean((ratios > low) & (ratios <= high))), "both ends belong"),
    (claim(share=lambda ratios, low, high: inside(ratios, 4, 5)), "from `low` to `high`"),
    (claim(share=lambda ratios, low, high: np.mean(ratios >= low)), "an upper end"),
    (claim(share=lambda ratios, low, high: np.mean(ratios <= high)), "a lower end"),
    (claim(share=lambda ratios, low, high: inside(np.floor(ratios), low, high)), "do not round"),
    (claim(share=lambda ratios, low, high: inside(np.round(ratios), low, high)), "do not round"),
    (claim(share=lambda ratios, low, high: low <= ratios.mean() <= high), "expected a number"),
    (claim(share=lambda ratios, low, high: float(low <= ratios.mean() <= high)), "ask it of each meeting"),
    (claim(share=lambda ratios, low, high: 1 - inside(ratios, low, high)), "outside of the range"),
    (claim(read=lambda ratios: 1 / ratios.mean()), "no more is read than it has: cut each by itself"),
    (claim(read=lambda ratios: np.minimum(1, 1 / ratios).mean()), "expected|of all tokens"),
    (claim(read=lambda ratios: np.minimum(ratios, 1).mean()), "that averages the shares"),
    (claim(read=lambda ratios: min(1, 1 / ratios.mean())), "cut each by itself"),
    (claim(read=lambda ratios: np.mean(1 / ratios)), "and a long one counts for more"),
    (claim(read=lambda ratios: np.mean(ratios <= 1)), "those are the meetings that fit"),
    (claim(read=lambda ratios: 1 - np.minimum(ratios, 1).sum() / ratios.sum()), "the share that is cut off"),
)]  # fmt: skip
RIGHT = [("claim", claim()), ("claim", by_lists), ("claim", single_precision), ("claim", in_place)]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
