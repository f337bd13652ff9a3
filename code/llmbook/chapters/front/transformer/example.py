"""The running example: a decoder of one block whose every parameter was set by hand, and one sentence of twelve words.

The six numbers of the residual stream have a meaning here (:data:`COLUMNS`), and so have the heads. The first looks for
the subject, an early noun, and hands over whether it is plural. The second looks for a verb that was already said. The
feed-forward layer makes both count only where they should. Verbs agree with their subject, and a sentence ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from llmbook.models import Decoder, DecoderConfig
from llmbook.training.generators import undrawn

SENTENCE = "the keys to the cabinet in the hall of the old house"
VOCABULARY = ("the", "old", "keys", "key", "cabinet", "hall", "house", "to", "in", "of", "is", "are", ".")
COLUMNS = ("noun", "plural", "opens", "verb", "early", "one")
"""What the numbers of the stream stand for: 2 a noun and -2 a preposition; 1 plural and -1 singular; 2 where a noun
will follow; a verb is here or was said; how early the word is; and always one, so that layers can add constants."""
CONFIG = DecoderConfig(
    vocab_size=len(VOCABULARY), width=len(COLUMNS), layers=1, heads=2, kv_heads=2, head_size=2, feedforward_width=3,
    max_length=16, activation="relu", gated=False, norm="rms", norm_eps=1e-12, positions="learned",
)  # fmt: skip
SINGULAR, PREPOSITION, OPENER = (2, -1, 0, 0), (-2, 0, 0, 0), (0, 0, 2, 0)
KINDS = {
    "the": OPENER, "old": OPENER, "keys": (2, 1, 0, 0), "key": SINGULAR, "cabinet": SINGULAR, "hall": SINGULAR,
    "house": SINGULAR, "to": PREPOSITION, "in": PREPOSITION, "of": PREPOSITION, "is": (0, -1, 0, 2),
    "are": (0, 1, 0, 2), ".": (0, 0, -2, 0),
}  # fmt: skip
NOUN, GOES_ON = (0, 0, 2, -1, 0, 0), (2, 0, 0, -1, 3, 0)
WANTED = {
    "the": (-1, 0, 0, 0, 0, 0), "old": (0, 0, 1, 2, 0, 0), "keys": NOUN, "key": NOUN, "cabinet": NOUN, "hall": NOUN,
    "house": NOUN, "to": GOES_ON, "in": GOES_ON, "of": GOES_ON, "is": (2, -1, 0, -1, -3, 0),
    "are": (2, 1, 0, -1, -3, 0), ".": (0, 0, -2, 1, 0, 0),
}  # fmt: skip
"""After which stream a word is wanted: the rows of the output matrix."""
NAMES = {
    "embedding": "embed_tokens.weight", "place": "embed_positions.weight",
    "query": "layers.0.self_attn.q_proj.weight", "key": "layers.0.self_attn.k_proj.weight",
    "value": "layers.0.self_attn.v_proj.weight", "mix": "layers.0.self_attn.o_proj.weight",
    "up": "layers.0.mlp.up_proj.weight", "down": "layers.0.mlp.down_proj.weight", "output": "lm_head.weight",
}  # fmt: skip
"""The names of the page, and those of the package's decoder."""


def parameters() -> dict[str, Tensor]:
    """Every matrix by the name that the page gives it, ``(out, in)`` as PyTorch stores them, in float32."""
    early = [1.0] * 4 + [0.5] * 4 + [0.0] * 8
    columns = {column: place for place, column in enumerate(COLUMNS)}

    def matrix(rows: int, *entries: tuple[int, str, float]) -> Tensor:
        made = torch.zeros(rows, CONFIG.width)
        for row, column, value in entries:
            made[row, columns[column]] = value
        return made

    return {
        "embedding": torch.tensor([[*KINDS[word], 0.0, 1.0] for word in VOCABULARY]),
        "place": matrix(CONFIG.max_length, *((row, "early", value) for row, value in enumerate(early))),
        "query": matrix(4, (0, "noun", 2), (1, "noun", 2), (2, "one", 4)),
        "key": matrix(4, (0, "noun", 1), (1, "early", 2), (2, "verb", 1)),
        "value": matrix(4, (0, "plural", 1), (2, "verb", 1)),
        "mix": matrix(4, (0, "plural", 3), (2, "verb", 1)).T.contiguous(),
        "up": matrix(3, (0, "noun", 1), (0, "plural", 1), (0, "verb", -1), (0, "one", -2),
                     (1, "noun", 1), (1, "plural", -1), (1, "verb", -1), (1, "one", -2),
                     (2, "opens", 2), (2, "verb", 1), (2, "one", -5)),
        "down": matrix(3, (0, "plural", 1), (1, "plural", -1), (2, "opens", -4)).T.contiguous(),
        "output": torch.tensor([WANTED[word] for word in VOCABULARY], dtype=torch.float32),
    }  # fmt: skip


def decoder() -> Decoder:
    """The package's decoder with these parameters; the gains of its norms are one."""
    model = undrawn(Decoder, CONFIG)
    gains = {name: torch.ones_like(tensor) for name, tensor in model.state_dict().items() if "norm" in name}
    model.load_state_dict(gains | {NAMES[name]: tensor for name, tensor in parameters().items()})
    return model.eval()


def encode(words: Sequence[str]) -> Tensor:
    """The number of each word in the vocabulary, ``(T,)``.

    Raises:
        ValueError: a word is not among the thirteen.
    """
    strangers = [word for word in words if word not in VOCABULARY]
    if strangers:
        raise ValueError(f"the example does not know {', '.join(strangers)}; its words are {', '.join(VOCABULARY)}")
    return torch.tensor([VOCABULARY.index(word) for word in words])


@dataclass(frozen=True)
class Trace:
    """Everything that a forward pass computes on the way, for T words; the plain arithmetic of the page."""

    embedded: Tensor
    """``(T, D)``."""
    queries: Tensor
    """``(H, T, E)``."""
    keys: Tensor
    """``(H, T, E)``."""
    scores: Tensor
    """``(H, T, T)``, minus infinity where the mask forbids to look."""
    weights: Tensor
    """``(H, T, T)``, rows summing to one."""
    attended: Tensor
    """``(T, D)``, what attention adds."""
    units: Tensor
    """``(T, F)``, inside the feed-forward layer."""
    fed: Tensor
    """``(T, D)``, what the feed-forward layer adds."""
    logits: Tensor
    """``(T, V)``."""

    @property
    def probabilities(self) -> Tensor:
        """Of the word after each word, ``(T, V)``."""
        return self.logits.softmax(-1)


def trace(words: Sequence[str], *, added: Tensor | None = None, placed: bool = True) -> Trace:
    """Run the example by hand.

    Args:
        words: T of them.
        added: to the scores before the softmax, ``(H, T, T)`` or what broadcasts to it.
        placed: whether the model is told where a word stands.

    Raises:
        ValueError: a word is not in the vocabulary.
    """
    matrices, count = parameters(), len(words)
    x = embedded = matrices["embedding"][encode(words)] + placed * matrices["place"][:count]
    query, key, value = (_heads(_norm(x) @ matrices[name].T) for name in ("query", "key", "value"))
    seen = torch.ones(count, count).tril().bool()
    scores = (query @ key.mT / CONFIG.head_size**0.5 + (0 if added is None else added)).masked_fill(~seen, -torch.inf)
    weights = scores.softmax(-1)
    attended = (weights @ value).transpose(0, 1).flatten(1) @ matrices["mix"].T
    x = x + attended
    units = (_norm(x) @ matrices["up"].T).relu()
    fed = units @ matrices["down"].T
    logits = _norm(x + fed) @ matrices["output"].T
    return Trace(embedded, query, key, scores, weights, attended, units, fed, logits)


def _norm(x: Tensor) -> Tensor:
    """Each row divided by its root mean square, ``(T, D)``."""
    return x / x.square().mean(-1, keepdim=True).sqrt()


def _heads(x: Tensor) -> Tensor:
    """``(T, H * E)`` to ``(H, T, E)``."""
    return x.unflatten(-1, (CONFIG.heads, CONFIG.head_size)).transpose(0, 1)
