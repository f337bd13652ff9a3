r"""Which mistakes a comparison of two *fresh* models can see, and how that changes with the width.

Fresh matrices are drawn from :math:`\mathcal{N}(0, \sigma^2)` with :math:`\sigma = 0.02` at any width. A normalized
vector that such a matrix reads gives numbers of size :math:`\sqrt{D}\, \sigma`: 0.14 at width 48 and 0.9 at 2,048. What
a small model hides, because all its numbers are small, a wide one may show with the same 0.02.

A model of width 2,048 fills a page's memory, so each fault is made in one model and taken back.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from llmbook.debug import relative_difference
from llmbook.layers.activation import ACTIVATIONS
from llmbook.layers.norm import RMSNorm
from llmbook.models import PUBLISHED, Decoder, DecoderConfig, initialize_
from llmbook.training.generators import undrawn

WIDTHS = (48, 768, 2048)
LAYERS, VOCABULARY, BATCH, LENGTH = 2, 512, 2, 32
STD = 0.02


def scaled_config(width: int) -> DecoderConfig:
    """Gemma 2B with every width changed in proportion; two layers and 512 tokens."""
    return replace(
        PUBLISHED["gemma-2b"],
        vocab_size=VOCABULARY,
        layers=LAYERS,
        max_length=LENGTH,
        width=width,
        head_size=width // 8,
        feedforward_width=8 * width,
    )


@contextmanager
def changed(modules: Iterable[nn.Module], name: str, change: Callable) -> Iterator[None]:
    """Replace an attribute of every module by ``change`` of it while the context is open."""
    before = [(module, getattr(module, name)) for module in modules]
    for module, value in before:
        setattr(module, name, change(value))
    try:
        yield
    finally:
        for module, value in before:
            setattr(module, name, value)


@contextmanager
def halves_exchanged(model: Decoder) -> Iterator[None]:
    """Take the gate for the other half."""

    def exchange() -> None:
        for block in model.layers:
            block.mlp.gate_proj, block.mlp.up_proj = block.mlp.up_proj, block.mlp.gate_proj

    exchange()
    try:
        yield
    finally:
        exchange()


def neighbors_paired(matrix: nn.Parameter, head_size: int) -> nn.Parameter:
    """The rows ``(n * E, D)`` in the order of programs that turn numbers 2i and 2i + 1 together."""
    pairs = matrix.detach().unflatten(0, (-1, 2, head_size // 2))
    return nn.Parameter(pairs.transpose(1, 2).flatten(0, 2))


def _norms(model: Decoder) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, RMSNorm)]


def _mlps(model: Decoder) -> list[nn.Module]:
    return [block.mlp for block in model.layers]


def _turned(model: Decoder) -> list[nn.Module]:
    return [part for block in model.layers for part in (block.self_attn.q_proj, block.self_attn.k_proj)]


FAULTS: dict[str, Callable[[Decoder], AbstractContextManager]] = {
    "exact GELU, not tanh": lambda m: changed(_mlps(m), "activation", lambda _: ACTIVATIONS["gelu"]),
    "SiLU in the gate (SwiGLU)": lambda m: changed(_mlps(m), "activation", lambda _: ACTIVATIONS["silu"]),
    "gate and up exchanged": halves_exchanged,
    "gain w, not 1 + w": lambda m: changed(_norms(m), "unit_offset", lambda _: False),
    "gains never loaded": lambda m: changed(_norms(m), "weight", lambda w: nn.Parameter(torch.zeros_like(w))),
    "eps 1e-5, not 1e-6": lambda m: changed(_norms(m), "eps", lambda _: 1e-5),
    "embedding not scaled": lambda m: changed([m.embed_tokens], "scaled", lambda _: False),
    "rotation base 1,000,000": lambda m: changed([m], "config", lambda c: replace(c, rope_base=1e6)),
    "neighbors paired in RoPE": lambda m: changed(
        _turned(m), "weight", lambda w: neighbors_paired(w, m.config.head_size)),
}  # fmt: skip


def fresh_model(width: int, std: float, seed: int) -> tuple[Decoder, Tensor]:
    """A fresh decoder, and ids ``(B, T)`` for it to read."""
    generator = torch.Generator().manual_seed(seed)
    model = initialize_(undrawn(Decoder, scaled_config(width)), generator, std=std).eval().requires_grad_(False)
    return model, torch.randint(VOCABULARY, (BATCH, LENGTH), generator=generator)


@torch.no_grad()
def fault_differences(model: Decoder, ids: Tensor) -> dict[str, float]:
    """Relative difference of the logits for each fault; "rounding" is the same model in float64, and comes last.

    The model comes back in float64: a second copy of a wide one would not fit beside it.
    """
    right, found = model(ids), {}
    for name, fault in FAULTS.items():
        with fault(model):
            found[name] = relative_difference(model(ids), right)
    return found | {"rounding": relative_difference(right, model.double()(ids))}
