"""Wrong answers to the exercises on costs fail, and the hint names the misconception behind them."""

import math
from fractions import Fraction

import numpy as np
import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def flops(products, thin, small=lambda t, i, o, r: 2 * t * r * (i + o), frozen=2, full=3):
    """FLOPs of LoRA as so many whole and so many thin products."""
    def count(tokens, inputs, outputs, rank, kind):
        whole = 2 * tokens * inputs * outputs
        adapter = small(tokens, inputs, outputs, rank)
        return {"frozen": frozen * whole, "full": full * whole, "lora": products * whole + thin * adapter}[kind]
    return count


def batch(step=lambda product, thin: 2 * product + 3 * thin, of_norm=lambda norm: norm, ceiling=True, ways=None):
    """The smallest number of tokens, with the step of LoRA and the norm open."""
    def tokens(inputs, outputs, rank, percent, way):
        way = (ways or {}).get(way, way)
        mixed = 2 * outputs * inputs * rank
        rest = 2 * rank**2 * (inputs + outputs) if way == "low-rank" else 2 * inputs**2 * rank
        each = step(2 * inputs * outputs, 2 * rank * (inputs + outputs)) * percent
        norm = 100 * of_norm(mixed + rest)
        return -(-norm // each) if ceiling else norm // each
    return tokens


def one_product(inputs, outputs, rank, percent, way):
    """Without what is small in a norm of low rank."""
    whole = batch()(inputs, outputs, rank, percent, way)
    each = percent * (4 * inputs * outputs + 6 * rank * (inputs + outputs))
    return -(-200 * outputs * inputs * rank // each) if way == "low-rank" else whole


def of_all(inputs, outputs, rank, percent, way):
    """The share of LoRA's step and the norm together."""
    return batch(of_norm=lambda norm: norm * (100 - percent) / 100)(inputs, outputs, rank, percent, way)


def searched(inputs, outputs, rank, percent, way):
    """One number of tokens after the other, each counted anew."""
    if way == "identity":
        products = [(inputs, inputs, rank), (inputs, rank, outputs)]
    else:
        products = [(outputs, inputs, rank), (rank, inputs, rank), (outputs, rank, rank)]
    norm = sum(2 * m * k * n for m, k, n in products)
    tokens = 1
    while 100 * norm > percent * tokens * (4 * inputs * outputs + 6 * rank * (inputs + outputs)):
        tokens += 1
    return tokens


def by_division(d_in, d_out, R, percent, way):
    """Fractions, so that nothing is rounded before the end."""
    norm = Fraction(2 * d_out * d_in * R + (2 * R * R * (d_in + d_out) if way == "low-rank" else 2 * d_in * d_in * R))
    return math.ceil(norm / (Fraction(percent, 100) * (4 * d_in * d_out + 6 * R * (d_in + d_out))))


WRONG = [
    ("flops", flops(3, 3), "multiply|expected"),
    ("flops", flops(1, 3), "still pass through"),
    ("flops", flops(2, 1), "backward pass too"),
    ("flops", flops(3, 0), "frozen weight is not computed"),
    ("flops", lambda *given: flops(2, 3)(*given) // 2, "multiply and add"),
    ("flops", lambda tokens, inputs, outputs, rank, kind: 2 * tokens * inputs * outputs, "forward pass alone"),
    ("flops", flops(2, 0), "thin matrices are missing"),
    ("flops", flops(2, 2), "one for its input"),
    ("flops", flops(0, 3), "the base works too"),
    ("flops", flops(2, 3, frozen=1), "to the layers below"),
    ("flops", flops(2, 3, frozen=3), "not computed"),
    ("flops", flops(2, 3, full=2), "gradient of the trained weight"),
    ("flops", flops(2, 3, small=lambda t, i, o, r: 2 * t * i * o * r), "never multiplied out"),
    ("flops", flops(2, 3, small=lambda t, i, o, r: 2 * t * 8 * (i + o)), "the rank is given"),
    ("flops", flops(2, 3, small=lambda t, i, o, r: 4 * t * r * i), "one side each"),
    ("flops", flops(2, 3, small=lambda t, i, o, r: 2 * r * (i + o)), "every token"),
    ("flops", lambda tokens, *rest: flops(2, 3)(512, *rest), "expected"),
    ("batch", batch(ceiling=False), "round up"),
    ("batch", lambda *given: batch(ceiling=False)(*given) + 1, "smallest number"),
    ("batch", batch(step=lambda product, thin: product), "more than its forward pass"),
    ("batch", batch(step=lambda product, thin: product + thin), "the whole step of LoRA"),
    ("batch", batch(step=lambda product, thin: 2 * product), "thin matrices of LoRA are missing"),
    ("batch", batch(step=lambda product, thin: 3 * product + 3 * thin), "no gradient of its own"),
    ("batch", batch(ways={"identity": "low-rank"}), "the other way"),
    ("batch", batch(ways={"low-rank": "identity"}), "the other way"),
    ("batch", one_product, "one product of the norm is missing"),
    ("batch", batch(of_norm=lambda norm: 2 * norm), "no backward pass"),
    ("batch", batch(of_norm=lambda norm: norm // 2), "2 m k n"),
    ("batch", lambda i, o, r, percent, way: batch()(i, o, r, 100, way), "as much as LoRA itself"),
    ("batch", of_all, "without the norm"),
    ("batch", lambda i, o, r, percent, way: batch()(i, o, 8, percent, way), "expected"),
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


def product_by_product(tokens, inputs, outputs, rank, kind):
    """Every product of the step with its three sizes."""
    def of(m, k, n):
        return 2 * m * k * n
    def layer(i, o, trained):
        return of(tokens, i, o) + of(tokens, o, i) + (of(o, tokens, i) if trained else 0)
    total = layer(inputs, outputs, kind == "full")
    return total + layer(inputs, rank, True) + layer(rank, outputs, True) if kind == "lora" else total


RIGHT = [
    ("flops", product_by_product),
    ("flops", lambda t, i, o, r, what: np.int64(2 * t) * (i * o * (2 + (what == "full"))
                                                          + (what == "lora") * 3 * r * (i + o))),
    ("flops", lambda t, i, o, r, kind: float(4 * t * i * o + {"frozen": 0, "full": 2 * t * i * o}.get(
        kind, 6 * t * r * (i + o)))),
    ("batch", batch()),
    ("batch", searched),
    ("batch", by_division),
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
