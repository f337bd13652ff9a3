r"""LoRA+ (Hayou et al. 2024, arXiv 2402.12354): B learns faster than A.

In a wide layer the best rates of the two matrices differ: :math:`\eta_B = \lambda\, \eta_A` with a ratio
:math:`\lambda` far above 1. It is a matter of optimizer groups only.

The paper has no magnitude, so its rate under DoRA is a decision. PEFT gives it the rate of B, because it looks for
tensors with one axis; here it has an argument of its own and takes the rate of A unless told otherwise.
"""

from torch import nn

from llmbook.adapters.injection import adapter_layers, trainable_parameters
from llmbook.adapters.lora import LoRAEmbedding

ORDER = ("A", "B", "magnitude", "embedding", "other")


def lora_plus_groups(
    model: nn.Module,
    *,
    learning_rate: float,
    ratio: float,
    magnitude_learning_rate: float | None = None,
    embedding_learning_rate: float | None = None,
    weight_decay: float = 0.0,
    magnitude_weight_decay: float = 0.0,
) -> list[dict]:
    """Groups for an optimizer, such as ``torch.optim.AdamW(lora_plus_groups(...))``.

    Every trainable parameter is in exactly one group; parameters that are not an adapter's go to "other".

    Args:
        model: an adapted model.
        learning_rate: of A, per step.
        ratio: how many times faster B learns.
        magnitude_learning_rate: of DoRA's magnitudes; None is ``learning_rate``. PEFT uses ``learning_rate * ratio``.
        embedding_learning_rate: of both matrices of adapted embeddings, where A and B swap their roles; None is
            ``learning_rate``. PEFT uses 1e-6.
        weight_decay: of all matrices.
        magnitude_weight_decay: of the magnitudes, which have no reason to be near zero. PEFT decays them like B.

    Returns:
        Dicts with ``params``, ``lr``, ``weight_decay`` and ``name``; a group without parameters is left out.

    Raises:
        ValueError: there are no adapters, or the ratio is not positive.
    """
    if not ratio > 0:
        raise ValueError(f"ratio must be positive (above 1 to let B learn faster), not {ratio!r}")
    if not adapter_layers(model):
        raise ValueError("this model has no adapters; call inject first")
    rates = {
        "B": learning_rate * ratio,
        "magnitude": magnitude_learning_rate,
        "embedding": embedding_learning_rate,
    }
    members = {kind: [] for kind in ORDER}
    for name, parameter in trainable_parameters(model).items():
        members[_kind(model, name)].append(parameter)
    return [
        {
            "name": kind,
            "params": members[kind],
            "lr": learning_rate if rates.get(kind) is None else rates[kind],
            "weight_decay": magnitude_weight_decay if kind == "magnitude" else weight_decay,
        }
        for kind in ORDER
        if members[kind]
    ]


def _kind(model: nn.Module, name: str) -> str:
    """The group of a parameter."""
    owner, _, leaf = name.rpartition(".")
    layer = adapter_layers(model).get(owner)
    if layer is None:
        return "other"
    if isinstance(layer, LoRAEmbedding):
        return "embedding"
    return leaf.removeprefix("lora_")
