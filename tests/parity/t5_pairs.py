"""Pairs of T5s that must agree: ours, and transformers' with the same weights. Shared by the T5 tests."""

import tempfile
from dataclasses import replace
from functools import cache

import torch
import transformers

from llmbook.checkpoint import save_pretrained
from llmbook.debug import randomize_, relative_difference
from llmbook.generation.encoder_decoder import T5Cache
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED, T5Config
from llmbook.models.t5_training import initialize_t5_

SMALL = {"vocab_size": 97, "layers": 2, "decoder_layers": 3}
transformers.utils.logging.set_verbosity_error()  # it announces that it does not tie an untied model
transformers.utils.logging.disable_progress_bar()
CASES: dict[str, T5Config] = {
    # H * E = D, tied, scaled, ReLU; few buckets, so that short texts reach the last one
    "t5-1.0": replace(PUBLISHED["t5-small"], **SMALL, width=48, heads=4, head_size=12, feedforward_width=96, buckets=8,
                      max_distance=20),
    # H * E = 2/3 D
    "t5-1.1": replace(PUBLISHED["flan-t5-small"], **SMALL, width=48, heads=4, head_size=8, feedforward_width=64),
    # H * E > D
    "flan": replace(PUBLISHED["flan-t5-large"], **SMALL, width=32, heads=6, head_size=8, feedforward_width=80),
}  # fmt: skip
INITS = ("quiet", "loud")
TOLERANCE = 1e-5  # float32, relative to the largest logit
SCENES = ("plain", "cached", "padded", "padded and cached")
READ, WRITTEN = 150, 24  # tokens of input and output; 150 is beyond the last bucket's beginning


def our_model(config: T5Config, init: str, seed: int) -> T5:
    """A T5 with the weights of a fresh one, or with loud ones.

    Scores are not divided by sqrt(E) here, so 0.1 is loud: with 0.2 transformers' own eager and SDPA attention are 2e-5
    apart.
    """
    model = T5(config).eval().requires_grad_(False)
    if init == "loud":
        return randomize_(model, seed, matrix_std=0.1)
    assert init == "quiet"
    return initialize_t5_(model, torch.Generator().manual_seed(seed))


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


def texts(config: T5Config, rows: int = 3, seed: int = 0, read: int = READ, written: int = WRITTEN):
    """Random inputs ``(rows, read)`` and outputs ``(rows, written)`` that begin with the start token."""
    generator = torch.Generator().manual_seed(1000 + seed)
    input_ids = torch.randint(2, config.vocab_size, (rows, read), generator=generator)
    decoder_ids = torch.randint(2, config.vocab_size, (rows, written), generator=generator)
    decoder_ids[:, 0] = config.start_id
    return input_ids, decoder_ids


def padding(input_ids: torch.Tensor) -> torch.Tensor:
    """A mask that declares the end of one row padding, and the beginning of another."""
    mask = torch.ones_like(input_ids, dtype=torch.bool)
    mask[1:2, -9:], mask[2:3, :5] = False, False
    return mask


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
