"""A small trained model, and the same one with a single detail wrong: what it writes, and how well it guesses.

The model is the OLMo of ``data/models/meetings-olmo``, which has learned to write meetings. Each mistake is one that a
person makes who loads published weights into code of their own; the weights are the same all along.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from llmbook.debug import relative_difference
from llmbook.experiments.meetings_olmo import VALIDATION_SEED, general_meetings, load_base, load_base_tokenizer
from llmbook.experiments.pretraining import LENGTH
from llmbook.models import Decoder
from llmbook.training.batches import pack
from llmbook.training.generators import undrawn

BEGINNINGS = ("Ben: On the concrete, we could", "Ben: Carla, can you", "Uma: Today is mostly about")
PIECES = 32  # written after a beginning
MEETINGS = 9  # that the model has not read, three of each workplace
Weights = dict[str, Tensor]


def as_they_are(weights: Weights) -> Weights:
    """All weights where they belong."""
    return weights


def without_places(weights: Weights) -> Weights:
    """A table of positions with nothing in it, for a model that does not turn its queries and keys."""
    length, width = load_base().config.max_length, load_base().config.width
    return weights | {"embed_positions.weight": torch.zeros(length, width)}


def next_rows(weights: Weights) -> Weights:
    """Every row of the embedding one line lower, as with one token too many at the head of the vocabulary."""
    return weights | {"embed_tokens.weight": weights["embed_tokens.weight"].roll(1, dims=0)}


def exchanged_branches(weights: Weights) -> Weights:
    """The gate in place of the other branch, as in a wrong conversion of a fused matrix."""
    names = {"gate_proj": "up_proj", "up_proj": "gate_proj"}
    return {".".join(names.get(piece, piece) for piece in name.split(".")): each for name, each in weights.items()}


def without_last_layer(weights: Weights) -> Weights:
    """The weights of all layers but the last."""
    last = load_base().config.layers - 1
    return {name: each for name, each in weights.items() if not name.startswith(f"layers.{last}.")}


@dataclass(frozen=True)
class Detail:
    """One mistake.

    Args:
        exactly: in the words of the book.
        changed: fields of the config that are wrong.
        load: what becomes of the weights on their way.
        unmasked: whether every piece sees all others.
    """

    exactly: str
    changed: dict[str, Any] = field(default_factory=dict)
    load: Callable[[Weights], Weights] = as_they_are
    unmasked: bool = False


DETAILS = {
    "nothing": Detail("every detail as published"),
    "forgets the order of the words": Detail("no rotary embedding", {"positions": "learned"}, without_places),
    "sees only the last four pieces": Detail("a window of 4 tokens in each layer, which makes 10 through all "
                                             "three", {"window": 4}),
    "looks at the words to come": Detail("no causal mask; at the end of a text, where it writes, there are no "
                                         "words to come", unmasked=True),
    "takes each word for its neighbor in the list": Detail("embedding rows shifted by one", load=next_rows),
    "hears every word ten times too loud": Detail("embedding multiplied by √96", {"scale_embedding": True}),
    "takes one half of a layer for the other": Detail("gate and value exchanged", load=exchanged_branches),
    "stops one layer early": Detail("two layers of three", {"layers": 2}, without_last_layer),
    "bends a curve a little differently": Detail("GELU, not SiLU", {"activation": "gelu"}),
    "has a tiny number wrong": Detail("eps 1e-6, not 1e-5", {"norm_eps": 1e-6}),
}
"""What is wrong, in plain words; "nothing" first."""


def see_all(module: nn.Module, arguments: tuple) -> tuple:
    """Before attention: a mask that hides nothing in place of the causal one."""
    x, rotation, _, *more = arguments
    return x, rotation, torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), *more


def wrong_model(detail: str) -> Decoder:
    """The trained weights in a model with one detail wrong."""
    mistake, sound = DETAILS[detail], load_base()
    model = undrawn(Decoder, replace(sound.config, **mistake.changed)).eval()
    model.load_state_dict(mistake.load(dict(sound.state_dict())))
    for layer in model.layers if mistake.unmasked else ():
        layer.self_attn.register_forward_pre_hook(see_all)
    return model


def unread_rows() -> Tensor:
    """Meetings that the model has not read, in rows of one token more than it reads at once."""
    texts = [meeting.transcript for meeting in general_meetings(MEETINGS, VALIDATION_SEED)]
    return pack(load_base_tokenizer(), texts, LENGTH)


@torch.no_grad()
def write(model: Decoder, beginning: str) -> str:
    """What the model writes after a beginning, always the likeliest piece."""
    tokenizer = load_base_tokenizer()
    ids = tokenizer.encode(beginning).ids
    start = len(ids)
    for _ in range(PIECES):
        ids.append(int(model(torch.tensor([ids]))[0, -1].argmax()))
    return tokenizer.decode(ids[start:])


@cache
@torch.no_grad()
def guesses(detail: str) -> tuple[float, float]:
    """The share of next pieces that are guessed right, and how far the worst score is off, as part of the largest."""
    rows = unread_rows()
    read, following = rows[:, :-1], rows[:, 1:]
    scores = wrong_model(detail)(read)
    return float((scores.argmax(-1) == following).float().mean()), relative_difference(scores, load_base()(read))


@cache
def written(detail: str, beginning: str) -> str:
    """What the model with this mistake writes after a beginning."""
    return write(wrong_model(detail), beginning)
