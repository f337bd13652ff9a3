"""Activations equal their formulas, derivatives equal autograd."""

import math

import pytest
import torch

from llmbook.layers.activation import ACTIVATIONS, DERIVATIVES, activation

X = torch.cat((torch.linspace(-12, 12, 2401, dtype=torch.float64), torch.tensor([-1e4, -100.0, 100.0, 1e4]).double()))


def normal_cdf(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * torch.special.erfc(-x / math.sqrt(2))


FORMULAS = {
    "relu": lambda x: torch.where(x > 0, x, 0.0),
    "gelu": lambda x: x * normal_cdf(x),
    "gelu_tanh": lambda x: x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + torch.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
    "identity": lambda x: x,
}


def far(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def test_every_activation_has_a_formula_and_a_derivative():
    assert set(ACTIVATIONS) == set(DERIVATIVES) == set(FORMULAS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_formula(name):
    torch.testing.assert_close(ACTIVATIONS[name](X), FORMULAS[name](X), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_other_formula_fits(name):
    """The twin: each activation is at least 4e-4 away from every other formula, so the test above can tell them."""
    others = [formula for other, formula in FORMULAS.items() if other != name]
    assert min(far(ACTIVATIONS[name](X), formula(X)) for formula in others) > 4e-4


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative_equals_autograd(name):
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ACTIVATIONS[name](x).sum(), x)
    torch.testing.assert_close(DERIVATIVES[name](X), gradient, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative_equals_a_difference_quotient(name):
    """A second witness, which knows no calculus; not across the corner of ReLU."""
    x, step = X[(X.abs() > 0.1) & (X.abs() < 50)], 1e-5
    quotient = (FORMULAS[name](x + step) - FORMULAS[name](x - step)) / (2 * step)
    torch.testing.assert_close(DERIVATIVES[name](x), quotient, rtol=1e-8, atol=1e-8)


def test_derivatives_are_told_apart():
    exact, tanh = DERIVATIVES["gelu"](X), DERIVATIVES["gelu_tanh"](X)
    assert 1e-4 < far(exact, tanh) < 1e-2


def test_the_two_gelus_are_at_most_as_far_apart_as_the_docstring_says():
    assert 4.7e-4 < far(ACTIVATIONS["gelu"](X), ACTIVATIONS["gelu_tanh"](X)) < 4.8e-4


def test_values_by_hand():
    one = torch.tensor(1.0, dtype=torch.float64)
    assert float(ACTIVATIONS["gelu"](one)) == pytest.approx(0.8413447460685429)  # Phi(1)
    assert float(ACTIVATIONS["silu"](one)) == pytest.approx(0.7310585786300049)  # 1 / (1 + 1/e)
    for name in ("relu", "gelu", "gelu_tanh", "silu"):
        assert float(ACTIVATIONS[name](one * 0)) == 0.0
    assert [float(DERIVATIVES[name](one * 0)) for name in ("gelu", "gelu_tanh", "silu", "sigmoid")] == [
        0.5,
        0.5,
        0.5,
        0.25,
    ]


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="gelu_tanh"):
        activation("gelu_new")
