"""All adapters of a model into its weights, back out of them, or out of the model."""

from torch import nn

from llmbook.adapters.base import AdapterLayer
from llmbook.adapters.injection import adapter_layers
from llmbook.layers.replace import replace_layer
from llmbook.layers.wrapped import named_layers


def merge(model: nn.Module) -> nn.Module:
    """Write every update into the weight of its layer, in place; see :meth:`AdapterLayer.merge`.

    Returns:
        The model itself.

    Raises:
        RuntimeError: some layers are merged already.
        ValueError: there are no adapters, a merged weight is not finite, or a base is quantized; no layer is merged.
    """
    layers = _adapters_that_are(model, merged=False)
    for done, layer in enumerate(layers):
        try:
            layer.merge()
        except ValueError:
            for earlier in layers[:done]:
                earlier.unmerge()
            raise
    return model


def unmerge(model: nn.Module) -> nn.Module:
    """Put back every original weight, bit for bit; see :meth:`AdapterLayer.unmerge`.

    Returns:
        The model itself.

    Raises:
        RuntimeError: some layers are not merged.
        ValueError: there are no adapters.
    """
    for layer in _adapters_that_are(model, merged=True):
        layer.unmerge()
    return model


def remove(model: nn.Module) -> nn.Module:
    """Take the adapters out, in place: a merged layer keeps its merged weight, another gets its original layer back.

    The layers stay frozen; ``model.requires_grad_(True)`` thaws them.

    Returns:
        The model itself: a plain model, which can be saved as one and adapted again.

    Raises:
        ValueError: there are no adapters.
    """
    layers = named_layers(model)
    for name, layer in _adapters(model).items():
        parent, _, leaf = name.rpartition(".")
        replace_layer(layers[parent], leaf, layer.base)
    return model


def _adapters(model: nn.Module) -> dict[str, AdapterLayer]:
    """The adapters of a model that has some."""
    layers = adapter_layers(model)
    if not layers:
        raise ValueError("this model has no adapters; call inject first")
    return layers


def _adapters_that_are(model: nn.Module, *, merged: bool) -> list[AdapterLayer]:
    """All adapters, in one state."""
    layers = _adapters(model)
    wrong = [name for name, layer in layers.items() if layer.merged != merged]
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} of {len(layers)} layers are {'not ' if merged else ''}merged (first: {wrong[0]}); "
            f"call {'merge' if merged else 'unmerge'} first"
        )
    return list(layers.values())
