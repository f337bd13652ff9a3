"""What the ablations of the small OLMo change, how its weights start, and the loss of each kind of token.

A seed decides the starting weights and every batch, so that two settings that share it are compared as a pair.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.experiments.pretraining import LENGTH, Corpus, meeting_corpus, small_run
from llmbook.meetings.generator import Meeting
from llmbook.models import initialize_mitchell_
from llmbook.training.batches import END_OF_TEXT, as_text
from llmbook.training.run import Run

ABLATIONS: dict[str, dict] = {
    "OLMo": {},
    "LayerNorm with parameters": {"norm": "layer"},
    "RMSNorm": {"norm": "rms"},
    "biases": {"bias": True},
    "cosine": {"shape": "cosine"},
    "tied": {"tie_embeddings": True},
}
"""What each changes in :func:`small_run`; the first changes nothing, and the others are compared with it."""
STARTS = ("mitchell", "flat")
"""How the matrices are drawn: by OLMo 1's rule, or as :class:`Run` does, all with the standard deviation 1/sqrt(D)."""

KINDS = ("speaker", "fact", "other")


def label_tokens(tokenizer: Tokenizer, meeting: Meeting) -> tuple[list[int], list[str]]:
    """The ids of a transcript, end-of-text included, and the kind of each: the speaker's name, a fact's turn, other.

    A token that spans two kinds counts for the one in which it ends.
    """
    facts = {fact.turn for fact in meeting.facts}
    kinds: list[str] = []
    for index, turn in enumerate(meeting.turns):
        kinds += ["speaker"] * (len(turn.speaker) + 1)
        kinds += ["fact" if index in facts else "other"] * (len(turn.text) + 1)
        kinds += ["other"]  # the line break
    encoded = as_text(tokenizer).encode(meeting.transcript, add_special_tokens=False)
    end = tokenizer.token_to_id(END_OF_TEXT)
    return [*encoded.ids, end], [kinds[stop - 1] for _, stop in encoded.offsets] + ["other"]


@torch.no_grad()
def token_losses(
    model: nn.Module, tokenizer: Tokenizer, meetings: Sequence[Meeting], length: int = LENGTH
) -> tuple[Tensor, list[str]]:
    """The loss of each token, read in rows of ``length`` + 1 as in training, and its kind.

    Returns:
        ``(N,)`` nats, NaN for the first token of each row, which is never asked for; and N kinds. What does not fill
        a row is left out.
    """
    labeled = [label_tokens(tokenizer, meeting) for meeting in meetings]
    kinds = [kind for _, of_tokens in labeled for kind in of_tokens]
    ids = torch.tensor([token for tokens, _ in labeled for token in tokens])
    ids = ids[: len(ids) // (length + 1) * (length + 1)].view(-1, length + 1)
    losses = torch.full(ids.shape, float("nan"))
    logits, targets = model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()
    losses[:, 1:] = F.cross_entropy(logits.float(), targets, reduction="none").view(-1, length)
    return losses.flatten(), kinds[: losses.numel()]


def loss_by_kind(model: nn.Module, tokenizer: Tokenizer, meetings: Sequence[Meeting], length: int = LENGTH) -> dict:
    """Mean loss of each kind of token, in nats, with rows of ``length`` tokens as in training.

    Returns:
        For each of ``KINDS``: the mean over all its tokens.
    """
    losses, kinds = token_losses(model, tokenizer, meetings, length)
    index = torch.tensor([KINDS.index(kind) for kind in kinds])
    return {kind: losses[(index == number) & ~losses.isnan()].mean().item() for number, kind in enumerate(KINDS)}


def ablation_run(
    name: str, seed: int, *, start: str = "mitchell", steps: int = 200, corpus: Corpus | None = None
) -> Run:
    """One model with its batches, before the first step.

    Args:
        name: a key of ``ABLATIONS``.
        seed: shared by the settings that are compared; both starts read the same batches.
        start: one of ``STARTS``.
        steps: of the whole schedule.
        corpus: what to train on; by default :func:`meeting_corpus`.

    Raises:
        ValueError: there is no such start.
    """
    if start not in STARTS:
        raise ValueError(f"unknown start {start!r}; choose one of {', '.join(STARTS)}")
    corpus = corpus or meeting_corpus()
    config = replace(small_run(steps, seed, **ABLATIONS[name]), validate_every=max(1, steps // 4))
    run = Run(config, corpus.training, corpus.validation)
    if start == "mitchell":
        initialize_mitchell_(run.model, torch.Generator().manual_seed(2 * seed))  # the seed that Run starts with
    return run


def run_ablation(name: str, seed: int, *, corpus: Corpus | None = None, **settings: object) -> dict:
    """Train one model and say what came of it, as a row that can be stored; arguments as for :func:`ablation_run`."""
    corpus = corpus or meeting_corpus()
    run = ablation_run(name, seed, corpus=corpus, **settings)
    points = list(run.advance())
    validation = [round(point.validation_loss, 5) for point in points if point.validation_loss is not None]
    kinds = loss_by_kind(run.model, corpus.tokenizer, corpus.validation_meetings)
    return {"setting": name, "start": settings.get("start", STARTS[0]), "seed": seed,
            "parameters": sum(p.numel() for p in run.model.parameters()), "validation": validation,
            **{kind: round(loss, 5) for kind, loss in kinds.items()}}  # fmt: skip
