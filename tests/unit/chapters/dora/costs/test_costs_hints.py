"""Wrong answers to the exercises on costs fail, and the hint names the misconception behind them."""

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
]


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
