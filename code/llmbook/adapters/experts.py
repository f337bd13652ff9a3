"""Adapters of Mixtral's router and experts, which PEFT reads only in part since transformers 5.

There the experts of a layer are two tensors, ``gate_up_proj`` and ``down_proj``, and the router is no linear layer.
PEFT turns an adapter of the published names into one of these tensors as it reads it, and what it cannot turn it
refuses or, worse, drops. Here such adapters are not written.
"""

from collections.abc import Collection, Mapping

from llmbook.adapters.base import Settings

BLOCK = ".block_sparse_moe."
GATE, DOWN, UP = "w1", "w2", "w3"
"""Published names of an expert's matrices."""


def check_experts(settings: Mapping[str, Settings], everything: Collection[str]) -> set[str]:
    """See that PEFT can read the adapters of routers and experts.

    Args:
        settings: what each layer's adapter is, by published name.
        everything: the published names of all layers.

    Returns:
        The routers and experts among them; PEFT reads no patterns for these.

    Raises:
        ValueError: it could not; the message says which rule is broken.
    """
    fused = {name for name in settings if BLOCK in name}
    experts = {name for name in fused if ".experts." in name}
    broken = [words for words, is_broken in {
        "takes no DoRA there": any(settings[name].kind != "lora" for name in fused),
        "takes no dropout there": any(settings[name].dropout for name in fused),
        "takes one rank and one alpha there": len({(settings[name].rank, settings[name].alpha) for name in fused}) > 1,
        "takes all experts of a layer or none": _are_some(experts, everything),
        "takes gate_proj only with up_proj and down_proj, and up_proj only with both": _lack_one(experts),
        "doubles the rank of gate_proj and up_proj, which changes the update if it is rank-stabilized":
            any(settings[name].rank_stabilized for name in experts if not name.endswith(DOWN)),
    }.items() if is_broken]  # fmt: skip
    if broken:
        raise ValueError(
            f"PEFT could not read these adapters of Mixtral's router or experts (transformers 5 has all experts of a "
            f"layer in two tensors): it {'; it '.join(broken)}; save the model's state_dict instead"
        )
    return fused


def _are_some(experts: Collection[str], everything: Collection[str]) -> bool:
    """Whether a matrix is adapted in some experts of a layer and not in others."""
    def alike(names: Collection[str]) -> set[tuple[str, str]]:
        return {_layer_and_matrix(name) for name in names if f"{BLOCK}experts." in name}

    return bool(alike(experts) & alike(set(everything) - set(experts)))


def _lack_one(experts: Collection[str]) -> bool:
    """Whether gate_proj or up_proj of a layer is adapted, and not all three matrices."""
    matrices: dict[str, set[str]] = {}
    for layer, matrix in map(_layer_and_matrix, experts):
        matrices.setdefault(layer, set()).add(matrix)
    return any(found not in ({DOWN}, {GATE, DOWN, UP}) for found in matrices.values())


def _layer_and_matrix(name: str) -> tuple[str, str]:
    """The layer of an expert, and which of its matrices it is."""
    return name.partition(BLOCK)[0], name.rpartition(".")[2]
