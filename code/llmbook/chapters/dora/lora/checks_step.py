"""Checks for the page on LoRA: by how much the first step of a training changes the output."""

import torch
from torch import Tensor

from llmbook.exercises.by_hand import without_autograd
from llmbook.exercises.compare import draw, expect_tensor
from llmbook.exercises.registry import exercise

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": lambda numbers, lr: torch.optim.Adam(numbers, lr=lr, eps=1e-12)}


def measured_change(x: Tensor, upstream: Tensor, start: Tensor, scaling: float, rate: float, optimizer: str) -> Tensor:
    """One step of PyTorch's optimizer from LoRA's start, and the output after it less the output before."""
    lora_A = start.clone().requires_grad_()
    lora_B = torch.zeros(len(upstream), len(start), requires_grad=True)
    stepper = OPTIMIZERS[optimizer]([lora_A, lora_B], lr=rate)
    torch.dot(scaling * lora_B @ (lora_A @ x), upstream).backward()  # a loss with this gradient at the output
    stepper.step()
    return (scaling * lora_B @ (lora_A @ x)).detach()


def expect_change(f, rank: int, scaling: float, optimizer: str, strength: float = 1.0) -> None:
    """Compare with a step that is taken."""
    x, upstream, lora_A, rate = draw(0, 6), strength * draw(1, 4), draw(2, rank, 6), 0.01
    seen, sign = lora_A @ x, upstream.sign()
    by_gradient, by_sign = -rate * scaling * seen.square().sum(), -rate * scaling * seen.abs().sum()
    sgd = [
        (by_gradient * upstream, "s comes in twice: in the gradient of B, and where B is used"),
        (-rate * scaling**2 * seen.sum() ** 2 * upstream, "square each number of A x before you add them"),
        (-rate * scaling**2 * seen.norm() * upstream, "A x comes in twice: its length is squared"),
        (scaling * by_gradient * sign, "that is the sign of the gradient: gradient descent goes by its size"),
        (by_sign * sign, "that is Adam's step: gradient descent goes by the gradient itself"),
    ]
    adam = [
        (scaling * by_sign * sign, "under Adam the size of the gradient of B drops out, and with it one s"),
        (-rate * scaling * seen.sum() * sign, "each number of B goes by the sign of its gradient: A x has signs too"),
        (-rate * scaling * seen.norm() * sign, "the signs of B meet the numbers of A x: their absolute values add up"),
        (-rate * scaling * rank * sign, "B moves by the rate, and then it is multiplied by A x"),
        (by_sign * upstream, "Adam divides the gradient by its own size: its sign is left"),
        (scaling * by_gradient * upstream, "that is gradient descent: Adam divides each gradient by its size"),
    ]
    right = (by_sign * sign, scaling * by_gradient * upstream)[optimizer == "sgd"]
    mistakes = [
        *(sgd if optimizer == "sgd" else adam),
        (-right, "the step goes against the gradient"),
        (right / rate, "the rate is missing"),
        (right / rank, "the parts of all ranks add up: that is their mean"),
        (0 * right, "B is zero before the step, not after it"),
    ]
    given = x, upstream, lora_A, scaling, rate, optimizer
    expect_tensor(without_autograd(f)(*given), measured_change(*given), mistakes)


@exercise("dora-ex-first-step")
def change_by_gradient_descent(f):
    """Gradient descent, rank 3"""
    expect_change(f, 3, 0.5, "sgd")


@exercise("dora-ex-first-step", points=2)
def change_by_adam(f):
    """Adam, ranks 3 and 12"""
    expect_change(f, 3, 0.5, "adam")
    expect_change(f, 12, 2.0, "adam")


@exercise("dora-ex-first-step")
def change_of_a_thousandfold_gradient(f):
    """The same for a gradient a thousand times as large"""
    expect_change(f, 3, 0.5, "sgd", strength=1000)
    expect_change(f, 3, 0.5, "adam", strength=1000)
