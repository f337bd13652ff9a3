"""Pairs of models that must agree: one of ours, and transformers' with the same weights. Shared by the parity tests.

The shapes are the published ones scaled down. What the scaling keeps: which of H and K are equal, whether H * E is D,
the activation, the norm and its eps, tying, and the factor of the embedding.
"""



import copy
import math
import tempfile
from dataclasses import replace
from functools import cache

import torch
from transformers import (
    FalconConfig,
    FalconForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    Olmo3Config,
    Olmo3ForCausalLM,
    OlmoConfig,
    OlmoForCausalLM,
    PhiConfig,
    PhiForCausalLM,
)

from llmbook.checkpoint import save_pretrained
from llmbook.debug import randomize_, relative_difference
from llmbook.generation import KVCache
from llmbook.layers.yarn import Yarn
from llmbook.models import FAMILIES, PUBLISHED, Decoder, DecoderConfig, initialize_

SMALL = {"vocab_size": 97, "layers": 3, "max_length": 64}
CASES: dict[str, tuple[str, DecoderConfig]] = {
    # multi-query, H * E = D
    "gemma-2b": ("gemma", replace(PUBLISHED["gemma-2b"], **SMALL, width=64, heads=8, kv_heads=1, head_size=8,
                                  feedforward_width=512)),
    # multi-head, H * E = 4/3 D
    "gemma-7b": ("gemma", replace(PUBLISHED["gemma-7b"], **SMALL, width=48, heads=4, kv_heads=4, head_size=16,
                                  feedforward_width=384)),
    "llama-multi-head": ("llama", replace(PUBLISHED["llama-2-7b"], **SMALL, width=48, heads=4, kv_heads=4,
                                          head_size=12, feedforward_width=128)),
    "llama-grouped": ("llama", replace(PUBLISHED["llama-2-7b"], **SMALL, width=48, heads=6, kv_heads=2, head_size=10,
                                       feedforward_width=128, rope_base=500.0)),
    "llama-biased": ("llama", replace(PUBLISHED["llama-2-7b"], **SMALL, width=32, heads=4, kv_heads=2, head_size=8,
                                      feedforward_width=80, bias=True, norm_eps=1e-6)),
    "olmo-untied": ("olmo", replace(PUBLISHED["olmo-7b"], **SMALL, width=48, heads=4, kv_heads=4, head_size=12,
                                    feedforward_width=128)),
    "olmo-tied": ("olmo", replace(PUBLISHED["olmo-1b"], **SMALL, width=48, heads=4, kv_heads=4, head_size=12,
                                  feedforward_width=192)),
    "olmo-clipped": ("olmo", replace(PUBLISHED["olmo-7b"], **SMALL, width=48, heads=4, kv_heads=4, head_size=12,
                                     feedforward_width=128, clip_qkv=1.5)),
}  # fmt: skip
MORE_CASES: dict[str, tuple[str, DecoderConfig]] = {  # families that differ from Llama in more than a setting
    "mistral": ("mistral", replace(PUBLISHED["mistral-7b"], **SMALL, width=48, heads=4, kv_heads=2, head_size=12,
                                   feedforward_width=128, window=5)),
    "mixtral": ("mixtral", replace(PUBLISHED["mixtral-8x7b"], **SMALL, width=48, heads=4, kv_heads=2, head_size=12,
                                   feedforward_width=64, experts=4)),
    "gpt2": ("gpt2", replace(PUBLISHED["gpt2"], **SMALL, width=48, heads=4, kv_heads=4, head_size=12,
                             feedforward_width=192)),
    "falcon": ("falcon", replace(PUBLISHED["falcon-7b"], **SMALL, width=48, heads=6, head_size=8,
                                 feedforward_width=192)),
    "phi": ("phi", replace(PUBLISHED["phi-2"], **SMALL, width=80, heads=4, kv_heads=4, head_size=20,
                           feedforward_width=160)),
    "olmo2": ("olmo2", replace(PUBLISHED["olmo-2-32b"], **SMALL, width=48, heads=4, kv_heads=2, head_size=12,
                               feedforward_width=128)),
    # sliding, sliding, sliding, full, sliding; a base and a length that leave one pair on the ramp of YaRN
    "olmo3": ("olmo3", replace(PUBLISHED["olmo-3-32b"], **SMALL | {"layers": 5}, width=48, heads=4, kv_heads=2,
                               head_size=12, feedforward_width=128, window=5, rope_base=100.0,
                               yarn=Yarn(4.0, 16, 4.0, 1.0))),
}  # fmt: skip
REFERENCES = {
    "gemma": (GemmaConfig, GemmaForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
    "olmo": (OlmoConfig, OlmoForCausalLM),
    "olmo2": (Olmo2Config, Olmo2ForCausalLM),
    "olmo3": (Olmo3Config, Olmo3ForCausalLM),
    "mistral": (MistralConfig, MistralForCausalLM),
    "mixtral": (MixtralConfig, MixtralForCausalLM),
    "gpt2": (GPT2Config, GPT2LMHeadModel),
    "falcon": (FalconConfig, FalconForCausalLM),
    "phi": (PhiConfig, PhiForCausalLM),
}


def our_model(config: DecoderConfig, init: str, seed: int) -> Decoder:
    """A decoder with quiet weights, as a fresh published model has them, or loud ones."""
    model = Decoder(config).eval().requires_grad_(False)
    if init == "quiet":
        return initialize_(model, torch.Generator().manual_seed(seed), std=0.02)
    assert init == "loud"
    return randomize_(model, seed)


def reference_config(family: str, config: DecoderConfig, attention: str = "sdpa"):
    """transformers' config, written by our ``config_to_hf``."""
    written = {key: value for key, value in FAMILIES[family].config_to_hf(config).items() if key != "model_type"}
    return REFERENCES[family][0](**written, attn_implementation=attention)


def reference_of(family: str, ours: Decoder, attention: str = "sdpa"):
    """transformers' model with the weights of ours, copied strictly both ways by the family's key table."""
    if family == "mixtral":
        return _reference_from_folder(ours)
    theirs = REFERENCES[family][1](reference_config(family, ours.config, attention)).eval().requires_grad_(False)
    our_tensors, table = dict(ours.named_parameters()), FAMILIES[family].key_table(ours.config)
    assert {ours for place in table.values() for ours in place.names} == set(our_tensors)
    assert set(table) == {name for name, _ in theirs.named_parameters()}
    for name, tensor in theirs.named_parameters():
        joined = table[name].join(our_tensors)
        assert tensor.shape == joined.shape
        tensor.data = joined  # as .to(bfloat16) would round the rotation speeds too
    return theirs


def _reference_from_folder(ours: Decoder):
    """The same by way of a published folder, for transformers' Mixtral, which stacks its experts in memory."""
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(ours, folder)
        theirs, report = MixtralForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    return theirs.eval().requires_grad_(False)


@cache
def make_pair(case: str, init: str, seed: int, dtype=torch.float32, attention: str = "sdpa", max_length: int = 64):
    """Our model and its reference. They are made once: copy what you change."""
    family, config = (CASES | MORE_CASES)[case]
    ours = our_model(replace(config, max_length=max_length), init, seed).to(dtype)
    return ours, reference_of(family, ours, attention)


def tolerance(case: str, dtype: torch.dtype) -> float:
    """How far the logits may be apart, relative to the largest.

    float32: 1e-5. Two kernels of one formula differ by up to 2.6e-6 here (transformers' eager and SDPA attention,
    loud weights), so less would not be honest.

    bfloat16, which has 8 significant bits: 0 for Gemma and Llama. Our roundings stand where transformers' SDPA path
    has them, so the logits are equal bit for bit, and every cast in another place shows. OLMo: 2e-2 with quiet
    weights, about two of its steps, because transformers rotates OLMo's queries and keys in float32 and Gemma's in
    bfloat16, and this decoder always does as for Gemma. With loud weights rounding alone moves logits by a tenth,
    also between transformers' own eager and SDPA paths; there the test asks for equal accuracy instead.
    """
    if dtype == torch.float32:
        return 1e-5
    return 2e-2 if case.startswith("olmo") else 0.0


def random_ids(config: DecoderConfig, batch: int, length: int, seed: int) -> torch.Tensor:
    return torch.randint(config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(1000 + seed))


PIECES = (9, 5)  # a cached run reads the ids in these pieces, the rest one by one


def real_tokens(ids: torch.Tensor) -> torch.Tensor:
    """A mask that declares the first 0, 3, 6, ... ids of the rows to be padding."""
    rows, columns = ids.shape
    return torch.arange(columns) >= 3 * torch.arange(rows)[:, None]


def in_pieces(ids: torch.Tensor):
    """Split ids ``(B, T)`` as ``PIECES`` says."""
    rest = ids.shape[1] - sum(PIECES)
    return ids.split([*PIECES, *[1] * rest], dim=1)


def our_logits(ours: Decoder, ids: torch.Tensor, scene: str) -> torch.Tensor:
    """Logits of our model.

    Scenes: "plain"; "cached", read piece by piece; "padded" on the left; "padded and cached"; "padded together", where
    the reference gets the padding as well.
    """
    mask = real_tokens(ids) if "padded" in scene else None
    if "cached" not in scene:
        return ours(ids, attention_mask=mask)
    cache, logits = KVCache(ours.config, len(ids), dtype=ours.embed_tokens.weight.dtype), []
    for piece in in_pieces(ids):
        seen = cache.length + piece.shape[1]
        logits.append(ours(piece, attention_mask=None if mask is None else mask[:, :seen], cache=cache))
    return torch.cat(logits, dim=1)


def their_logits(theirs, ids: torch.Tensor, scene: str) -> torch.Tensor:
    """Logits of the reference; where ours reads padded rows, it reads each row alone and without padding."""
    if scene == "padded together":
        mask = real_tokens(ids).long()
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        return theirs(ids, attention_mask=mask, position_ids=positions).logits[mask.bool()]
    if "padded" in scene:
        rows = [theirs(row[real][None]).logits[0] for row, real in zip(ids, real_tokens(ids), strict=True)]
        return torch.cat(rows)  # (all real tokens, V)
    if "cached" not in scene:
        return theirs(ids).logits
    cache, logits = None, []
    for piece in in_pieces(ids):
        output = theirs(piece, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        logits.append(output.logits)
    return torch.cat(logits, dim=1)


@torch.no_grad()
def distance(ours: Decoder, ids: torch.Tensor, expected: torch.Tensor, scene: str = "plain") -> float:
    """Relative difference of our logits at real tokens: what every parity test and every fault is measured with."""
    logits = our_logits(ours, ids, scene)
    return relative_difference(logits[real_tokens(ids)] if "padded" in scene else logits, expected)


@torch.no_grad()
def difference(ours: Decoder, theirs, ids: torch.Tensor, scene: str = "plain") -> float:
    """``distance`` from the reference's logits."""
    return distance(ours, ids, their_logits(theirs, ids, scene), scene)


@torch.no_grad()
def bfloat16_error_ratio(case: str, seeds: int) -> float:
    """How far bfloat16 moves our logits from the float32 logits of the same (rounded) weights, over the reference's.

    Both distances are root mean squares over some loud models.
    """
    squares = torch.zeros(2, dtype=torch.float64)
    for seed in range(seeds):
        ours, theirs = make_pair(case, "loud", seed, torch.bfloat16)
        ids = random_ids(ours.config, 3, 24, seed)
        truth = copy.deepcopy(ours).float()(ids)
        found = torch.stack((ours(ids), theirs(ids).logits)).double()
        squares += (found - truth).square().mean(dim=(1, 2, 3))
    return math.sqrt(squares[0] / squares[1])
