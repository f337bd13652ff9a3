"""Pairs of T5s that must agree: ours, and transformers' with the same weights. Shared by the T5 tests."""

import tempfile
from functools import cache

import torch
import transformers
from small_t5s import CASES, our_model, padding

from llmbook.checkpoint import save_pretrained
from llmbook.debug import relative_difference
from llmbook.generation.encoder_decoder import T5Cache
from llmbook.models.t5 import T5

transformers.utils.logging.set_verbosity_error()  # it announces that it does not tie an untied model
transformers.utils.logging.disable_progress_bar()
INITS = ("quiet", "loud")
TOLERANCE = 1e-5  # float32, relative to the largest logit
SCENES = ("plain", "cached", "padded", "padded and cached")


def reference_of(ours: T5, attention: str = "sdpa") -> transformers.T5ForConditionalGeneration:
    """transformers' model with the weights of ours, by way of a folder in the released layout."""
    kind = transformers.T5ForConditionalGeneration
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(ours, folder)
        theirs, report = kind.from_pretrained(folder, output_loading_info=True, attn_implementation=attention)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    theirs.generation_config.eos_token_id = ours.config.stop_id
    return theirs.eval().requires_grad_(False)


@cache
def make_pair(case: str, init: str, seed: int = 0, attention: str = "sdpa"):
    """Our model and its reference. They are made once: copy what you change."""
    ours = our_model(CASES[case], init, seed)
    return ours, reference_of(ours, attention)


def our_logits(ours: T5, input_ids: torch.Tensor, decoder_ids: torch.Tensor, scene: str) -> torch.Tensor:
    """Logits of our model, read at once, or through the cache in pieces of 5, 4, and then 1."""
    mask = padding(input_ids) if "padded" in scene else None
    if "cached" not in scene:
        return ours(input_ids, decoder_ids, attention_mask=mask)
    memory = ours.encode(input_ids, attention_mask=mask)
    cache = T5Cache(ours.config, len(memory), decoder_ids.shape[1])
    pieces = decoder_ids.split([5, 4, *[1] * (decoder_ids.shape[1] - 9)], dim=1)
    return torch.cat([ours.decode(piece, memory, attention_mask=mask, cache=cache) for piece in pieces], dim=1)


@torch.no_grad()
def their_logits(theirs, input_ids: torch.Tensor, decoder_ids: torch.Tensor, scene: str) -> torch.Tensor:
    """Logits of the reference; padded rows it reads each alone and without padding."""
    if "padded" not in scene:
        return theirs(input_ids=input_ids, decoder_input_ids=decoder_ids).logits
    rows = zip(input_ids, padding(input_ids), decoder_ids, strict=True)
    return torch.cat([theirs(input_ids=x[real][None], decoder_input_ids=y[None]).logits for x, real, y in rows])


@torch.no_grad()
def distance(ours: T5, inputs: tuple, expected: torch.Tensor, scene: str = "plain") -> float:
    """Relative difference of our logits: what every parity test and every fault is measured with."""
    return relative_difference(our_logits(ours, *inputs, scene), expected)
