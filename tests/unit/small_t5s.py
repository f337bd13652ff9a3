"""Small T5s of the published kinds, with weights of a fresh one or with loud ones, and texts for them."""

from dataclasses import replace

import torch

from llmbook.debug import randomize_
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED, T5Config
from llmbook.models.t5_training import initialize_t5_

SMALL = {"vocab_size": 97, "layers": 2, "decoder_layers": 3}
CASES: dict[str, T5Config] = {
    # H * E = D, tied, scaled, ReLU; few buckets, so that short texts reach the last one
    "t5-1.0": replace(PUBLISHED["t5-small"], **SMALL, width=48, heads=4, head_size=12, feedforward_width=96, buckets=8,
                      max_distance=20),
    # H * E = 2/3 D
    "t5-1.1": replace(PUBLISHED["flan-t5-small"], **SMALL, width=48, heads=4, head_size=8, feedforward_width=64),
    # H * E > D
    "flan": replace(PUBLISHED["flan-t5-large"], **SMALL, width=32, heads=6, head_size=8, feedforward_width=80),
}  # fmt: skip
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


def model_that_stops(config):
    """A model that ends its texts now and then: the stop token's row of the output matrix is turned up.

    A fresh tied model would only repeat what it just read, so there the embedding is turned down.
    """
    model = our_model(config, "quiet", 5)
    if model.lm_head is None:
        model.embed_tokens.weight.mul_(0.03)
        model.decoder.norm.weight.fill_(3.0)
        model.embed_tokens.weight[config.stop_id] *= 1.5
    else:
        model.lm_head.weight[config.stop_id] *= 2.2
    return model


def settings(model):
    """Where a text begins and what ends it, for same_text."""
    return {"start": 1, "stop_ids": (model.config.stop_id,)}
