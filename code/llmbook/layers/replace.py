"""Put one module in the place of another, by its name in the model."""

from torch import nn


def replace_layer(model: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer in the place of another.

    Args:
        model: what holds it.
        name: full name of the layer that goes, such as "layers.0.mlp.up_proj".
        layer: what comes in its place.
    """
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, layer)
