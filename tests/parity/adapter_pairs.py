"""An adapted layer of ours and PEFT's with the same numbers. Shared by the parity tests of adapters."""

import copy
from dataclasses import dataclass

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from llmbook.adapters import DoRALinear, LoRALinear
from llmbook.debug import relative_difference

TOLERANCE = 1e-5
BFLOAT16_TOLERANCE = 2**-7
"""One step of bfloat16 at the largest output is 2**-8 of it, and base outputs are rounded before they are summed."""


@dataclass(frozen=True)
class Scene:
    """A layer and its adapter."""

    kind: str = "dora"
    outputs: int = 40
    inputs: int = 24
    bias: bool = False
    rank: int = 4
    alpha: float = 6.0
    dropout: float = 0.0
    rank_stabilized: bool = False
    loud: bool = True
    """Rows of very different lengths and a large update, or weights as in a published model and a small update."""
    fresh: bool = False
    """The adapter as it starts: B is zero."""
    training: bool = True
    dtype: torch.dtype = torch.float32


SCENES = {
    "lora": Scene("lora"),
    "lora biased": Scene("lora", bias=True),
    "lora dropout": Scene("lora", bias=True, dropout=0.3),
    "lora rank-stabilized": Scene("lora", rank_stabilized=True),
    "lora rank 1": Scene("lora", rank=1),
    "lora quiet": Scene("lora", loud=False),
    "dora": Scene(),
    "dora biased": Scene(bias=True),
    "dora dropout": Scene(bias=True, dropout=0.3),
    "dora dropout off": Scene(bias=True, dropout=0.3, training=False),
    "dora rank-stabilized": Scene(rank_stabilized=True),
    "dora quiet": Scene(loud=False, bias=True),
    "dora fresh": Scene(fresh=True, bias=True),
    "dora square": Scene(outputs=24),
    "dora one key head": Scene(outputs=8, inputs=64),
    "dora wide": Scene(outputs=96, inputs=16, rank=8),
    "dora full rank": Scene(outputs=6, inputs=5, rank=5),
}


def base_layer(scene: Scene, seed: int) -> nn.Linear:
    """A linear layer; a loud one has rows of very different lengths."""
    generator = torch.Generator().manual_seed(seed)
    layer = nn.Linear(scene.inputs, scene.outputs, bias=scene.bias)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.5 if scene.loud else 0.02, generator=generator)
        if scene.loud:
            layer.weight.mul_(torch.randn(scene.outputs, 1, generator=generator).exp())
    return layer.to(scene.dtype).train(scene.training)


def our_layer(scene: Scene, seed: int) -> LoRALinear:
    """Our layer, its adapter trained at random unless the scene is fresh."""
    generator = torch.Generator().manual_seed(100 + seed)
    kind = DoRALinear if scene.kind == "dora" else LoRALinear
    layer = kind(
        base_layer(scene, seed), rank=scene.rank, alpha=scene.alpha, dropout=scene.dropout,
        rank_stabilized=scene.rank_stabilized, generator=generator,
    )  # fmt: skip
    if not scene.fresh:
        train_at_random_(layer, generator, 0.5 if scene.loud else 1e-3)
    return layer


@torch.no_grad()
def train_at_random_(layer: LoRALinear, generator: torch.Generator, size: float) -> None:
    """Move every number of an adapter."""
    for matrix in (layer.lora_A, layer.lora_B):
        matrix.add_(torch.randn(matrix.shape, generator=generator), alpha=size)
    if isinstance(layer, DoRALinear):
        layer.magnitude.mul_(1 + 0.3 * torch.randn(layer.magnitude.shape, generator=generator))


def their_layer(scene: Scene, seed: int) -> nn.Module:
    """PEFT's layer around the same base, as PEFT starts it."""
    config = LoraConfig(
        r=scene.rank, lora_alpha=scene.alpha, lora_dropout=scene.dropout, use_rslora=scene.rank_stabilized,
        use_dora=scene.kind == "dora", target_modules=["0"],
    )  # fmt: skip
    model = get_peft_model(nn.Sequential(base_layer(scene, seed)), config)
    return model.train(scene.training).base_model.model[0]


def pair(scene: Scene, seed: int) -> tuple[LoRALinear, nn.Module]:
    """Our layer and PEFT's with the numbers of ours."""
    ours, theirs = our_layer(scene, seed), their_layer(scene, seed)
    with torch.no_grad():
        for name, tensor in their_parameters(theirs).items():
            tensor.copy_(getattr(ours, name))
    return ours, theirs


def their_parameters(theirs: nn.Module) -> dict[str, Tensor]:
    """PEFT's parameters by our names."""
    found = {"lora_A": theirs.lora_A["default"].weight, "lora_B": theirs.lora_B["default"].weight}
    if theirs.lora_magnitude_vector:
        found["magnitude"] = theirs.lora_magnitude_vector["default"].weight
    return found


def our_parameters(ours: LoRALinear) -> dict[str, Tensor]:
    """What is trained, by name."""
    return {name: tensor for name, tensor in ours.named_parameters() if tensor.requires_grad}


def inputs(scene: Scene, seed: int) -> Tensor:
    """Input ``(B, T, in)``."""
    generator = torch.Generator().manual_seed(200 + seed)
    return torch.randn(2, 7, scene.inputs, generator=generator).to(scene.dtype)


def run(layer: nn.Module, scene: Scene, seed: int) -> tuple[Tensor, Tensor]:
    """Output, and the gradient of the input; parameters collect theirs. The same seed gives the same dropout."""
    x = inputs(scene, seed).requires_grad_()
    wish = torch.randn(2, 7, scene.outputs, generator=torch.Generator().manual_seed(300 + seed)).to(scene.dtype)
    torch.manual_seed(seed)  # dropout draws from the global generator, here and in PEFT
    output = layer(x)
    (output * wish).sum().backward()
    return output.detach(), x.grad


def steps(layer: nn.Module, parameters: list[Tensor], scene: Scene, seed: int) -> None:
    """A few steps of AdamW."""
    optimizer = torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.1)
    for step in range(6):
        optimizer.zero_grad()
        run(layer, scene, 10 * seed + step)
        optimizer.step()


def clone(layer: LoRALinear) -> LoRALinear:
    """A copy that may be changed."""
    return copy.deepcopy(layer)


def largest(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    """The largest relative difference of tensors of the same name."""
    assert ours.keys() == theirs.keys()
    return max(relative_difference(ours[name], theirs[name]) for name in ours)


def kept_bytes(layer: nn.Module, x: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward pass, without the input and the parameters."""
    known = {tensor.untyped_storage().data_ptr() for tensor in (x, *layer.parameters())}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = layer(x)
    assert output.requires_grad
    return sum(kept.values())
