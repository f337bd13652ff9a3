"""Names of layers and parameters without what torch's wrappers add, around a model and inside it."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from llmbook.layers.wrapped import named_layers, plain_name, unwrapped


def network() -> nn.Module:
    """Its own part is called like the part of a wrapper, which is no reason to drop it."""
    return nn.ModuleDict({"module": nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), "head": nn.Linear(2, 1)})


def compiled(model: nn.Module) -> nn.Module:
    return torch.compile(model, backend="eager")


WRAPPED = {
    "compiled": compiled, "parallel": nn.DataParallel, "averaged": AveragedModel,
    "twice": lambda model: nn.DataParallel(compiled(model)),
}  # fmt: skip


def test_names_are_those_of_the_model():
    names = [name for name, _ in network().named_parameters()]
    assert names[0] == "module.0.weight" and list(named_layers(network())) == [n for n, _ in network().named_modules()]
    for wrap in WRAPPED.values():
        model = wrap(network())
        found = [name for name, _ in model.named_parameters()]
        assert found != names  # the twin
        assert [plain_name(model, name) for name in found] == names
        assert list(named_layers(model)) == list(named_layers(network()))
        assert type(unwrapped(model)) is nn.ModuleDict and named_layers(model)[""] is unwrapped(model)


def test_a_wrapped_part_stands_for_its_wrapper():
    model = network()
    inner = model["module"][1]
    model["module"][1] = compiled(inner)
    assert unwrapped(model) is model and named_layers(model)["module.1"] is inner
    assert list(named_layers(model)) == list(named_layers(network()))
    assert plain_name(model, "module.1._orig_mod.weight") == "module.1.weight"
