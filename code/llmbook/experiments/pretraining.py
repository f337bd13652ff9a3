"""A small OLMo on synthetic meetings: its tokenizer, its rows of tokens, its settings, and what its ablations change.

A seed decides the starting weights and every batch, so that two settings that share it are compared as a pair. The
meetings of the training and of the validation set come from different seeds of the generator.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from llmbook.experiments.results import frozen
from llmbook.meetings.generator import Meeting, generate_corpus
from llmbook.models import initialize_mitchell_, olmo
from llmbook.models.config import DecoderConfig
from llmbook.training.batches import END_OF_TEXT, as_text, pack, padded_size, train_tokenizer
from llmbook.training.run import Run, RunConfig
from llmbook.training.schedule import Schedule

TRAINING_SEED, VALIDATION_SEED = 0, 1
VOCABULARY = 500  # tokens; the matrix has 512 rows, as OLMo's has 50,304 for 50,280
LENGTH = 64


@dataclass(frozen=True)
class Corpus:
    """Text and tokens of a training run."""

    tokenizer: Tokenizer
    training_meetings: Sequence[Meeting]
    validation_meetings: Sequence[Meeting]
    training: Tensor
    """``(N, T + 1)`` ids."""
    validation: Tensor
    """``(M, T + 1)`` ids."""


def meeting_corpus(training: int = 400, validation: int = 40, length: int = LENGTH) -> Corpus:
    """Make meetings, learn a tokenizer from the training set, and pack both.

    Args:
        training: meetings to train on.
        validation: meetings to measure on, from another seed.
        length: T.
    """
    vocabulary, train_set, held_out, *rows = _ingredients(training, validation, length)
    return Corpus(Tokenizer.from_str(vocabulary), train_set, held_out, *map(torch.tensor, rows))


@functools.cache
def _ingredients(training: int, validation: int, length: int) -> tuple:
    """What takes time of a corpus, in forms that nobody can change: the tokenizer as text, meetings, rows of ids."""
    train_set = generate_corpus(training, seed=TRAINING_SEED)
    held_out = generate_corpus(validation, seed=VALIDATION_SEED)
    tokenizer = train_tokenizer((meeting.transcript for meeting in train_set), VOCABULARY)
    rows = [pack(tokenizer, (meeting.transcript for meeting in part), length) for part in (train_set, held_out)]
    return frozen([tokenizer.to_str(), train_set, held_out, *(each.numpy() for each in rows)])


def small_olmo_config(vocab_size: int = VOCABULARY) -> DecoderConfig:
    """OLMo's ingredients at width 64, untied as the 7B is, with the padded vocabulary."""
    return replace(
        olmo.tiny(vocab_size=padded_size(vocab_size), max_length=2 * LENGTH),
        width=64, head_size=16, feedforward_width=176,
    )  # fmt: skip


def small_run(steps: int = 200, seed: int = 0, **changes: object) -> RunConfig:
    """Its training: warm-up over a tenth of the steps, then down to a tenth of the peak, as OLMo's.

    Args:
        steps: in all.
        seed: of weights and batches.
        **changes: fields of the decoder's config, and ``shape`` of the schedule.
    """
    shape = changes.pop("shape", "linear")
    schedule = Schedule(0.01, steps, warmup_steps=steps // 10, floor=0.001, shape=shape)
    return RunConfig(replace(small_olmo_config(), **changes), schedule, seed=seed)


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


def count_loss(training: Tensor, validation: Tensor, vocab_size: int, *, context: int) -> float:
    """The loss of a model that only counts tokens, or pairs of tokens, of the training rows: a null for a real one.

    Args:
        training: ``(N, T + 1)`` ids.
        validation: ``(M, T + 1)`` ids.
        vocab_size: tokens that exist.
        context: 0: how often a token occurs. 1: how often it follows the token before it.

    Returns:
        Nats a token. One is added to the count of a token, and of pairs the frequency of the token, so that nothing
        has probability zero.
    """
    single = torch.bincount(training[:, 1:].flatten(), minlength=vocab_size).double() + 1
    single = single / single.sum()
    before, after = validation[:, :-1].flatten(), validation[:, 1:].flatten()
    if context == 0:
        return -single[after].log().mean().item()
    pairs = torch.bincount((training[:, :-1] * vocab_size + training[:, 1:]).flatten(), minlength=vocab_size**2)
    smoothed = pairs.view(vocab_size, vocab_size).double() + single
    return -(smoothed[before, after] / smoothed[before].sum(-1)).log().mean().item()


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
