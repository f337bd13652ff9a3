"""A small language whose every sentence needs a sum: "ann had 7 lost 3 has 4".

A sentence is seven words: a name, *had*, a number, *got* or *lost*, a number, *has*, the answer. The first number is
drawn from 0 to 9, and so is the second, but nobody loses more than they have. All other words can be predicted only
up to their chance; the answer follows from the words before it. So the best possible loss is known exactly, and what a
model has learned shows in one place: the loss of the answer.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NAMES = ("ann", "ben", "cleo", "dev", "eve", "finn", "gus", "hana")
NUMBERS = 10  # 0 to 9
WORDS = (*NAMES, "had", "got", "lost", "has", *(str(number) for number in range(2 * NUMBERS - 1)))
VOCABULARY = {word: index for index, word in enumerate(WORDS)}
LENGTH = 7
ANSWER = 6  # place of the answer in a sentence


def assemble(name: Tensor, first: Tensor, lost: Tensor, second: Tensor) -> Tensor:
    """Word ids ``(N, 7)`` from ids of names, numbers, and whether (0 or 1) the second number is lost; each ``(N,)``."""
    zero = VOCABULARY["0"]
    answer = torch.where(lost.bool(), first - second, first + second)
    had, has = (torch.full_like(name, VOCABULARY[word]) for word in ("had", "has"))
    verb = VOCABULARY["got"] + lost
    return torch.stack([name, had, zero + first, verb, zero + second, has, zero + answer], dim=1)


def draw_sentences(count: int, generator: torch.Generator) -> Tensor:
    """Draw sentences: word ids ``(count, 7)``."""
    name = torch.randint(len(NAMES), (count,), generator=generator)
    first = torch.randint(NUMBERS, (count,), generator=generator)
    lost = torch.randint(2, (count,), generator=generator)
    choices = torch.where(lost.bool(), first + 1, NUMBERS)
    second = (torch.rand(count, generator=generator) * choices).long()
    return assemble(name, first, lost, second)


def every_sentence() -> tuple[Tensor, Tensor]:
    """All sentences, ids ``(N, 7)``, and the probability of each, ``(N,)``."""
    grid = torch.cartesian_prod(*(torch.arange(size) for size in (len(NAMES), NUMBERS, 2, NUMBERS)))
    name, first, lost, second = grid[(grid[:, 2] == 0) | (grid[:, 3] <= grid[:, 1])].T
    choices = torch.where(lost.bool(), first + 1, NUMBERS)
    return assemble(name, first, lost, second), 1.0 / (len(NAMES) * NUMBERS * 2 * choices)


def best_loss() -> float:
    """The smallest mean loss a word, in nats, over the six words that are predicted: their entropy."""
    _, probability = every_sentence()
    sentence = -(probability * probability.log()).sum()
    name = torch.tensor(float(len(NAMES))).log()
    return float((sentence - name) / (LENGTH - 1))


def to_text(ids: Tensor) -> str:
    """One sentence, ``(7,)``, as text."""
    return " ".join(WORDS[index] for index in ids.tolist())


@torch.no_grad()
def answer_loss(model: nn.Module) -> tuple[float, float]:
    """Expected loss (nats) and expected accuracy of the answer, exact: over every sentence, by its probability."""
    ids, probability = every_sentence()
    logits = model(ids[:, :-1])[:, ANSWER - 1]
    losses = F.cross_entropy(logits, ids[:, ANSWER], reduction="none")
    right = (logits.argmax(-1) == ids[:, ANSWER]).float()
    return float((probability * losses).sum()), float((probability * right).sum())
