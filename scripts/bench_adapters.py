"""Training and evaluation steps of LoRA and DoRA beside PEFT's: rows of ``make bench``, or alone as a script.

One linear layer, 512 tokens, float32. A training step is a forward pass, the backward pass down to the input and to
the adapter, and the clearing of gradients; no optimizer. Memory is what torch's allocator hands out during one step:
the largest sum of bytes that are alive together, counted event by event by torch's profiler, beyond the weights, the
input and the gradient of the output, which are there before. (The profiler announces its starts on the error stream.)
"""

from collections.abc import Callable

import torch
from peft import LoraConfig, get_peft_model
from peft.helpers import DoraCaching
from timing import Variants, report
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from llmbook.adapters import DoRALinear, LoRALinear

TOKENS = 512
SIZES = ((1024, 8), (2048, 16))  # width and rank


def base_layer(width: int) -> nn.Linear:
    """A square linear layer, frozen."""
    torch.manual_seed(0)
    return nn.Linear(width, width, bias=False).requires_grad_(False)


def layers(width: int, rank: int, dropout: float = 0.0) -> dict[str, nn.Module]:
    """The layer without an adapter, ours, and PEFT's."""
    settings = {"rank": rank, "alpha": 2 * rank, "dropout": dropout}
    made = {
        "frozen base": base_layer(width),
        "LoRA": LoRALinear(base_layer(width), **settings),
        "DoRA": DoRALinear(base_layer(width), **settings),
    }
    for name, use_dora in (("PEFT LoRA", False), ("PEFT DoRA", True)):
        config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=dropout, use_dora=use_dora, target_modules=["0"])
        made[name] = get_peft_model(nn.Sequential(base_layer(width)), config).base_model.model[0]
    for layer in made.values():
        randomize_(layer)
    return made


def randomize_(layer: nn.Module) -> None:
    """Move an adapter away from its start, where B is zero."""
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.01)


def training_step(layer: nn.Module, x: Tensor, gradient: Tensor) -> Callable[[], None]:
    """Forward and backward."""

    def step():
        layer(x).backward(gradient)
        x.grad = None
        layer.zero_grad(set_to_none=True)

    return step


def data(width: int) -> tuple[Tensor, Tensor]:
    """The input and the gradient of the output."""
    generator = torch.Generator().manual_seed(1)
    x, gradient = torch.randn(2, TOKENS, width, generator=generator)
    return x.requires_grad_(), gradient


def training_variants(width: int, rank: int, dropout: float = 0.0) -> Variants:
    """Training steps, to be timed."""
    return {name: training_step(layer, *data(width)) for name, layer in layers(width, rank, dropout).items()}


def evaluation_variants(width: int, rank: int) -> Variants:
    """Forward passes of a trained adapter: with the norm remembered and computed each time, ours and PEFT's."""
    made, again, (x, _) = layers(width, rank), layers(width, rank), data(width)
    merged, forgetful = made["LoRA"].eval(), again["DoRA"].eval()
    merged.merge()
    remembering, plain, caching = (layer.eval() for layer in (made["DoRA"], made["PEFT DoRA"], again["PEFT DoRA"]))

    def peft_caching():
        with DoraCaching():
            return caching(x)

    variants = {
        "DoRA, norm remembered": lambda: remembering(x),
        "DoRA, norm each time": lambda: (forgetful.forget(), forgetful(x)),
        "PEFT DoRA, caching": peft_caching,
        "PEFT DoRA": lambda: plain(x),
        "merged": lambda: merged(x),
    }
    return {name: torch.inference_mode()(run) for name, run in variants.items()}


def peak_bytes(step: Callable[[], object]) -> int:
    """The largest sum of bytes that a step has alive together, beyond what was there before."""
    step()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step()
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    alive = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        alive += event.nbytes()
        peak = max(peak, alive)
    return peak


def report_memory(title: str, variants: Variants) -> None:
    """Print the peak of each variant."""
    for name, step in variants.items():
        print(f"{title:26} {name:22} {peak_bytes(step) / 2**20:9.2f} MiB at the peak of a step")


def report_adapters() -> None:
    """Print all rows."""
    for width, rank in SIZES:
        variants = training_variants(width, rank)
        report(f"training step {width}, r {rank}", variants)
        report_memory(f"memory {width}, r {rank}", variants)
        report(f"evaluation {width}, r {rank}", evaluation_variants(width, rank))
    report("dropout 0.1, 1024, r 8", training_variants(1024, 8, dropout=0.1))


if __name__ == "__main__":
    report_adapters()
