"""Names of layers and parameters without what torch's wrappers add, around a model and inside it."""

import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.optim.swa_utils import AveragedModel

from llmbook.layers.wrapped import named_layers, plain_name, plain_names, unwrapped


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


class Holder(nn.Module):
    """Holds a model and nothing else; with ``own``, also a parameter."""

    def __init__(self, model, own=False):
        super().__init__()
        self.module = model
        if own:
            self.weight = nn.Parameter(torch.zeros(1))


def test_what_holds_nothing_but_a_model_is_a_wrapper():
    model, kept = Holder(network()), Holder(network(), own=True)
    assert type(unwrapped(model)) is nn.ModuleDict and unwrapped(kept) is kept
    names = list(named_layers(network()))[1:]
    assert [plain_name(model, f"module.{name}") for name in names] == names
    assert plain_name(kept, "module.head.weight") == "module.head.weight"


def test_recomputed_layers_have_their_own_names():
    model = network()
    model["module"][0] = checkpoint_wrapper(model["module"][0])
    names = [name for name, _ in model.named_parameters()]
    assert "module.0._checkpoint_wrapped_module.weight" in names  # the twin
    assert [plain_name(model, name) for name in names] == [name for name, _ in network().named_parameters()]


STORED = ["module._orig_mod.layers.0.weight", "layers.1._checkpoint_wrapped_module.weight", "module.head.weight"]


def test_names_in_a_file_lose_what_wrappers_added():
    found = plain_names(STORED, ["layers.0.weight"])
    assert list(found.values()) == ["layers.0.weight", "layers.1.weight", "head.weight"]
    assert plain_names(STORED, STORED) == {name: name for name in STORED}, "names of the model itself are never cut"
    assert plain_names(["layers.0.module.weight"], []) == {"layers.0.module.weight": "layers.0.module.weight"}
