"""Groups of LoRA+: every option reaches the group that it is for, and no other."""

import pytest
from torch import nn

from llmbook.adapters import inject, lora_plus_groups

RIGHT = {  # group: (rate, decay, the parameters in it)
    "A": (0.5, 0.25, {"1.lora_A"}), "B": (2.0, 0.25, {"1.lora_B"}), "magnitude": (3.0, 0.125, {"1.magnitude"}),
    "embedding": (5.0, 0.25, {"0.lora_A", "0.lora_B"}), "other": (0.5, 0.25, {"2.weight", "2.bias"}),
}  # fmt: skip
OPTIONS = {"learning_rate": 0.5, "ratio": 4, "magnitude_learning_rate": 3.0, "embedding_learning_rate": 5.0,
           "weight_decay": 0.25, "magnitude_weight_decay": 0.125}  # fmt: skip


def model():
    """An adapted embedding, a layer with DoRA, and one that is trained as it is."""
    layers = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    inject(layers, ["1"], kind="dora", rank=2)
    inject(layers, ["0"], rank=2)
    layers[2].requires_grad_(True)
    return layers


def groups(**options):
    layers = model()
    names = {id(parameter): name for name, parameter in layers.named_parameters()}
    return {group["name"]: (group["lr"], group["weight_decay"], {names[id(one)] for one in group["params"]})
            for group in lora_plus_groups(layers, **options)}  # fmt: skip


def test_every_option_reaches_its_group():
    assert groups(**OPTIONS) == RIGHT


def test_what_is_not_said_is_the_rate_of_A_and_no_decay():
    plain = groups(learning_rate=0.5, ratio=4)
    assert {name: (rate, decay) for name, (rate, decay, _) in plain.items()} == {
        name: (2.0 if name == "B" else 0.5, 0.0) for name in RIGHT}  # fmt: skip


@pytest.mark.parametrize(("option", "reached"), [
    ("magnitude_learning_rate", {"magnitude"}), ("embedding_learning_rate", {"embedding"}), ("ratio", {"B"}),
    ("weight_decay", {"A", "B", "embedding", "other"}), ("magnitude_weight_decay", {"magnitude"})])  # fmt: skip
def test_an_option_reaches_no_other_group(option, reached):
    changed = groups(**OPTIONS | {option: 0.75})
    assert {name for name in RIGHT if changed[name] != RIGHT[name]} == reached
