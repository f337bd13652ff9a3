"""Wrong answers to the exercise on costs fail, and the hint names the misconception behind them."""

import pytest
from wrong_answers import check_hint, check_right, hint_cases, right_cases

PREFIX = "dora-ex-"


def flops(products, thin):
    """FLOPs of LoRA as so many whole and so many thin products; right for the other kinds."""
    def count(tokens, inputs, outputs, rank, kind):
        whole = 2 * tokens * inputs * outputs
        small = 2 * tokens * rank * (inputs + outputs)
        return {"frozen": 2 * whole, "full": 3 * whole, "lora": products * whole + thin * small}[kind]
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
]


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = []


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)
