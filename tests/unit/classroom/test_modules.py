"""Modules that stay in the student's process: built, loaded, called and differentiated from the grader."""

import pytest
import torch
from classroom_tasks import needs_sandbox, write_notebook

from llmbook.classroom.grading import grade
from llmbook.classroom.modules import gradients, is_module, way_of
from llmbook.classroom.sandbox import Limits
from llmbook.classroom.submission import Task
from llmbook.exercises import Check
from llmbook.exercises.compare import draw, expect_items, expect_tensor

LINEAR = """
import torch
class Layer(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(outputs, inputs))
        self.unused = torch.nn.Parameter(torch.zeros(1))
    def forward(self, x):
        return x @ self.weight.T
def build(inputs, outputs):
    return [Layer(inputs, outputs)]
"""
OUTPUT = {"right": "x @ self.weight.T", "twice": "2 * x @ self.weight.T",
          "detached": "(x @ self.weight.T).detach() + 0 * self.weight.sum()"}  # fmt: skip


def one_layer(f):
    """A layer with given weights"""
    weight, x, upstream = draw(0, 3, 4), draw(1, 5, 4), draw(2, 5, 3)
    layer = f(4, 3)
    layer.load_state_dict({"weight": weight, "unused": torch.zeros(1)})
    layer.eval()
    expect_tensor(layer.state_dict()["weight"], weight)
    expect_tensor(layer(x), x @ weight.T)
    found = gradients(layer, upstream, x)
    assert found.keys() == {"weight"}
    expect_tensor(found["weight"], upstream.T @ x, name="the gradient")


def in_a_list(f):
    """A layer in a list"""
    (layer,) = expect_items(f(2, 3), 1, "one layer")
    expect_tensor(layer(torch.ones(1, 2)), torch.zeros(1, 3))


TASKS = [Task("m-ex-layer", "Layer", (Check("One layer", one_layer, 1),)),
         Task("m-ex-build", "build", (Check("In a list", in_a_list, 1),))]  # fmt: skip


def cell(kind):
    return LINEAR.replace("x @ self.weight.T", OUTPUT[kind])


@pytest.mark.parametrize(("kind", "passes"), [("right", True), ("twice", False), ("detached", False)])
def test_a_check_of_a_module_in_this_process(kind, passes):
    space = {}
    exec(cell(kind), space)
    if passes:
        one_layer(space["Layer"])
    else:
        with pytest.raises(AssertionError):
            one_layer(space["Layer"])


@needs_sandbox
@pytest.mark.parametrize(("kind", "statuses"), [("right", ["PASS", "PASS"]), ("twice", ["FAIL", "PASS"]),
                                                ("detached", ["FAIL", "PASS"])])  # fmt: skip
def test_the_same_check_in_the_grader(kind, statuses, tmp_path):
    result = grade("ada", write_notebook(tmp_path / "ada.ipynb", cell(kind)), TASKS, Limits(), sandboxed=True)
    assert [each.status for each in result.outcomes] == statuses, result


def test_ways():
    layer = torch.nn.Linear(2, 1)
    assert is_module(layer) and not is_module(torch.nn.Linear) and not is_module(3)
    assert way_of(layer, "call") is layer and way_of(layer, "state_dict")().keys() == {"weight", "bias"}
    with pytest.raises(KeyError):
        way_of(layer, "register_buffer")
