"""What must hold of an adapter, each as a number that must be small: the tests ask for it, and every fault breaks one.

A check that asks for an error gives 0 if the error comes, and infinity if it does not.
"""

import math
from collections.abc import Callable

import torch
from adapter_pairs import Scene, inputs, largest, our_layer, our_parameters, pair, run, steps, their_layer
from adapter_pairs import their_parameters as theirs_of
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from llmbook.adapters import (
    DoRALinear,
    LoRAEmbedding,
    LoRALinear,
    adapter_layers,
    inject,
    lora_plus_groups,
    row_norm,
)
from llmbook.debug import relative_difference
from llmbook.layers import Embedding
from llmbook.models import Decoder, gemma, initialize_

# Against PEFT


def forward(scene: Scene, seed: int) -> float:
    """Outputs."""
    ours, theirs = pair(scene, seed)
    return relative_difference(run(ours, scene, seed)[0], run(theirs, scene, seed)[0])


def gradients(scene: Scene, seed: int) -> float:
    """Gradients of the input and of every parameter."""
    ours, theirs = pair(scene, seed)
    of_input = relative_difference(run(ours, scene, seed)[1], run(theirs, scene, seed)[1])
    grads = [{name: p.grad for name, p in of.items()} for of in (our_parameters(ours), theirs_of(theirs))]
    return max(of_input, largest(*grads))


def merged_weight(scene: Scene, seed: int) -> float:
    """The weight after merging."""
    ours, theirs = pair(scene, seed)
    ours.merge()
    theirs.merge()
    return relative_difference(ours.base.weight, theirs.base_layer.weight)


def trajectory(scene: Scene, seed: int) -> float:
    """Every parameter after some steps of AdamW."""
    ours, theirs = pair(scene, seed)
    steps(ours, list(our_parameters(ours).values()), scene, seed)
    steps(theirs, list(theirs_of(theirs).values()), scene, seed)
    return largest(our_parameters(ours), theirs_of(theirs))


def first_magnitude(scene: Scene, seed: int) -> float:
    """The magnitude as it starts, D1 and D3."""
    ours, theirs = DoRALinear(their_layer(scene, seed).base_layer, rank=4, alpha=6), their_layer(scene, seed)
    return relative_difference(ours.magnitude, theirs_of(theirs)["magnitude"])


AGAINST_PEFT = (forward, gradients, merged_weight, trajectory)


# The formula itself


def starts_unchanged(scene: Scene, seed: int) -> float:
    """A fresh adapter changes nothing, D3."""
    layer, x = our_layer(scene, seed), inputs(scene, seed)
    return relative_difference(layer(x), layer.base(x))


def constant_norm(scene: Scene, seed: int) -> float:
    """Gradients are those of the formula in which the norm is a number, D4."""
    layer, x = our_layer(scene, seed), inputs(scene, seed)
    run(layer, scene, seed)
    copies = {name: p.detach().clone().requires_grad_() for name, p in our_parameters(layer).items()}
    norm = row_norm(layer.base.weight, layer.lora_A, layer.lora_B, layer.scaling).detach()
    weight = layer.base.weight + layer.scaling * copies["lora_B"] @ copies["lora_A"]
    wish = torch.randn(2, 7, scene.outputs, generator=torch.Generator().manual_seed(300 + seed))
    (F.linear(x, copies["magnitude"][:, None] * weight / norm[:, None]) * wish).sum().backward()
    return largest(*[{name: p.grad for name, p in of.items()} for of in (our_parameters(layer), copies)])


def rows_have_their_magnitude(scene: Scene, seed: int) -> float:
    """Row norms of the merged weight are the magnitude, D2."""
    layer = our_layer(scene, seed)
    return relative_difference(layer.merged_weight().norm(dim=1), layer.magnitude.detach().abs())


def merged_forward(scene: Scene, seed: int) -> float:
    """A merged layer gives what the layer gave, D6."""
    layer, x = our_layer(scene, seed).eval(), inputs(scene, seed)
    before = layer(x)
    layer.merge()
    return relative_difference(layer(x), before)


def unmerged_weight(scene: Scene, seed: int) -> float:
    """Unmerging brings the weight back, D8."""
    layer = our_layer(scene, seed)
    weight = layer.base.weight.clone()
    layer.merge()
    layer.unmerge()
    return relative_difference(layer.base.weight, weight)


def zero_rows_stay_finite(scene: Scene, seed: int) -> float:
    """A row of zeros gives finite numbers and gradients, D7."""
    base = our_layer(scene, seed).base
    base.weight[1].zero_()
    layer = DoRALinear(base, rank=2, alpha=2)
    output, gradient = run(layer, scene, seed)
    numbers = [output, gradient, *(p.grad for p in our_parameters(layer).values()), layer.merged_weight()]
    return 0.0 if all(tensor.isfinite().all() for tensor in numbers) else math.inf


def share_rounded_wrong(scene: Scene, seed: int) -> float:
    """The share of merged bfloat16 weights that are not the exact sum rounded once, L3."""
    layer = our_layer(scene, seed)
    exact = layer.base.weight.double() + layer.scaling * layer.lora_B.double() @ layer.lora_A.double()
    return float((layer.merged_weight() != exact.bfloat16()).float().mean())


def keeps_the_dtype(scene: Scene, seed: int) -> float:
    """The output has the dtype of the input, D9."""
    layer, x = our_layer(scene, seed), inputs(scene, seed)
    return 0.0 if layer(x).dtype == x.dtype else math.inf


def norm_is_float32(scene: Scene, seed: int) -> float:
    """The norm of a bfloat16 layer is exact, also under autocast, D9."""
    layer = our_layer(scene, seed)
    exact = row_norm(layer.base.weight.double(), layer.lora_A.double(), layer.lora_B.double(), layer.scaling)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = layer.norm()
    return max(relative_difference(layer.norm(), exact), relative_difference(under_autocast, exact))


def work_over_lora(scene: Scene, seed: int) -> float:
    """Multiplications of a training step that DoRA has and LoRA has not, in products with W, less a tenth; D10."""
    counts = {}
    for kind in (LoRALinear, DoRALinear):
        base = nn.Linear(256, 256, bias=False)
        layer, x = kind(base, rank=2, alpha=2), torch.randn(512, 256, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            layer(x).sum().backward()
        counts[kind] = counter.get_total_flops() / (2 * 512 * 256 * 256)
    return max(0.0, counts[DoRALinear] - counts[LoRALinear] - 0.1)


class _Sizes(TorchDispatchMode):
    """Counts new tensors with at least so many numbers."""

    def __init__(self, numel: int):
        super().__init__()
        self.numel, self.count = numel, 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result._base is None and not operation.is_view:
            self.count += result.numel() >= self.numel
        return result


def temporaries_as_large_as_the_weight(scene: Scene, seed: int) -> float:
    """How many tensors of the size of W a training step makes, D10."""
    layer, x = DoRALinear(nn.Linear(190, 210), rank=2, alpha=2), torch.randn(3, 190, requires_grad=True)
    with _Sizes(190 * 190) as sizes:
        layer(x).sum().backward()
    return float(sizes.count)


# LoRA's own


def spread_of_a(scene: Scene, seed: int) -> float:
    """A starts uniform with the standard deviation 1 / sqrt(3 in); ten percent are let pass, L1."""
    layer = LoRALinear(nn.Linear(400, 30), rank=8, alpha=8, generator=torch.Generator().manual_seed(seed))
    return max(0.0, abs(float(layer.lora_A.detach().std()) * math.sqrt(3 * 400) - 1) - 0.1)


def twice_the_rank_is_half_the_update(scene: Scene, seed: int) -> float:
    """More rows of zeros halve the update, because of alpha / R; L2."""
    layer = our_layer(scene, seed)
    larger = LoRALinear(layer.base, rank=2 * layer.settings.rank, alpha=layer.settings.alpha)
    with torch.no_grad():
        larger.lora_A.copy_(F.pad(layer.lora_A, (0, 0, 0, layer.settings.rank)))
        larger.lora_B.copy_(F.pad(layer.lora_B, (0, layer.settings.rank)))
    return relative_difference(2 * larger.delta(), layer.delta())


def scaled_embedding(scene: Scene, seed: int) -> float:
    """The update of a scaled table is what the changed table would give, L5."""
    generator = torch.Generator().manual_seed(seed)
    table = initialize_(Embedding(31, 48, scaled=scene.loud), generator)
    layer = LoRAEmbedding(table, rank=4, alpha=8, generator=generator)
    nn.init.normal_(layer.lora_A, generator=generator)
    ids = torch.randint(31, (2, 9), generator=generator)
    scale = 48**0.5 if scene.loud else 1.0
    return relative_difference(layer(ids), F.embedding(ids, table.weight + layer.delta()) * scale)


def tied_is_refused(scene: Scene, seed: int) -> float:
    """A weight that two layers share is not adapted, L4."""
    model = nn.ModuleDict({"table": nn.Embedding(9, 4), "lm_head": nn.Linear(4, 9, bias=False)})
    model["lm_head"].weight = model["table"].weight
    refusals = [_raises(ValueError, inject, model, [name]) for name in model]
    return max(*refusals, _raises(ValueError, inject, Decoder(gemma.tiny()), ["embed_tokens"]))


def no_match_is_refused(scene: Scene, seed: int) -> float:
    """A name that nothing has is an error, also beside one that something has; L7."""
    return max(_raises(ValueError, inject, Decoder(gemma.tiny()), names) for names in (["w1"], ["q_proj", "w1"]))


def late_loading_is_refused(scene: Scene, seed: int) -> float:
    """Weights do not go into an adapted model, D3."""
    model = Decoder(gemma.tiny())
    plain = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    inject(model, ["q_proj"], kind="dora", rank=2)
    late = {name.replace("q_proj.weight", "q_proj.base.weight"): tensor for name, tensor in plain.items()}
    return max(_raises(RuntimeError, model.load_state_dict, state, strict=False) for state in (plain, late))


def rates(scene: Scene, seed: int) -> float:
    """Every trainable parameter of LoRA+ is in one group, with the rate of its kind; L6."""
    model = inject(Decoder(gemma.tiny()), ["q_proj", "up_proj"], kind="dora", rank=2)
    groups = lora_plus_groups(model, learning_rate=1.0, ratio=16.0, magnitude_learning_rate=3.0)
    found = [(id(p), group["lr"]) for group in groups for p in group["params"]]
    right, layers = {"lora_A": 1.0, "lora_B": 16.0, "magnitude": 3.0}, adapter_layers(model).values()
    expected = [(id(getattr(layer, name)), rate) for layer in layers for name, rate in right.items()]
    return 0.0 if sorted(found) == sorted(expected) else math.inf


def _raises(kind: type[Exception], action: Callable, *args, **options) -> float:
    """0 if an action raises this error, infinity if it does not."""
    try:
        action(*args, **options)
    except kind:
        return 0.0
    return math.inf
