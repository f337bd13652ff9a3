r"""BERTScore: how near the tokens of two texts are, by the cosine of their hidden states.

With the similarity :math:`S_{ij}` of reference token i and candidate token j, each token is matched with the most
similar one of the other text, whichever that is ("greedy"; two tokens may pick the same partner):

.. math::

    R = \frac{\sum_i w_i \max_j S_{ij}}{\sum_i w_i}, \qquad
    P = \frac{\sum_j v_j \max_i S_{ij}}{\sum_j v_j}, \qquad
    F = \frac{2 P R}{P + R}.

The weights are 1, or the inverse document frequency :math:`\log \frac{M + 1}{m + 1}` of a token that stands in m of M
reference texts.

Source: Zhang et al. 2020, https://arxiv.org/abs/1904.09675, Section 3. The package bert-score gives its special tokens
([CLS], [SEP]) no weight; here there are none. It can rescale scores with a baseline b to (score - b) / (1 - b), which
changes no order. The paper's states come from BERT, which reads to the left and to the right. The states here come
from a decoder: a token knows what stands before it and nothing of what follows, which is less.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from llmbook.metrics.lcs import check_sentences
from llmbook.metrics.rouge import Score
from llmbook.metrics.rouge_tokens import check_text, check_texts
from llmbook.models.decoder import Decoder

ROWS = 256  # lines that go through the model together


def similarity_matrix(reference: Tensor, candidate: Tensor) -> Tensor:
    """Cosines ``(R, C)`` of the rows of ``(R, D)`` with the rows of ``(C, D)``."""
    reference, candidate = (states / states.norm(dim=-1, keepdim=True) for states in (reference, candidate))
    return reference @ candidate.T


def greedy_score(
    similarity: Tensor, reference_weights: Tensor | None = None, candidate_weights: Tensor | None = None
) -> Score:
    """Precision, recall and F of the greedy matching.

    Args:
        similarity: ``(R, C)``, a row for each token of the reference.
        reference_weights: ``(R,)``, not negative and not all 0; None: all alike.
        candidate_weights: ``(C,)``, likewise.

    Returns:
        The scores; 0 where a text is empty. F is 0 where P + R is not positive.
    """
    if similarity.numel() == 0:
        return Score(0.0, 0.0, 0.0)
    recall = _mean(similarity.max(dim=1).values, reference_weights)
    precision = _mean(similarity.max(dim=0).values, candidate_weights)
    both = precision + recall
    return Score(precision, recall, 2 * precision * recall / both if both > 0 else 0.0)


def idf_weights(references: Sequence[Sequence[int]], size: int) -> Tensor:
    """A weight for each token id, ``(size,)``, from the ids of each reference text.

    Raises:
        TypeError: texts instead of their ids.
    """
    check_sentences(references)
    counts = Counter(token for text in references for token in set(text))
    found = torch.tensor([counts[token] for token in range(size)])
    return torch.log((len(references) + 1) / (found + 1.0))


class TokenEncoder:
    """A model with its tokenizer: texts in, token ids and hidden states out.

    Each line is read by itself, so a token's context is its own sentence, and a line that was read is remembered.
    """

    def __init__(self, model: Decoder, tokenizer: Tokenizer):
        self.model, self.tokenizer = model.eval(), tokenizer
        self.lines: dict[str, tuple[list[int], Tensor]] = {}

    def encode(self, text: str) -> tuple[list[int], Tensor]:
        """All ids of a text, T of them, and their states ``(T, D)`` after the last norm.

        Raises:
            TypeError: ``text`` is not a str.
        """
        check_text(text, "a text")
        self.read([text])
        parts = [self.lines[line] for line in text.splitlines() if line.strip()]
        states = [states for _, states in parts] or [torch.zeros(0, self.model.config.width)]
        return [token for ids, _ in parts for token in ids], torch.cat(states)

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> None:
        """Send all new lines of these texts through the model, in batches of about equal lengths.

        Raises:
            TypeError: one text instead of several.
        """
        texts = check_texts(texts, "texts")
        new = {line for text in texts for line in text.splitlines() if line.strip()} - self.lines.keys()
        encoded = sorted(((self.tokenizer.encode(line).ids, line) for line in new), key=_length_first)
        for start in range(0, len(encoded), ROWS):
            rows = encoded[start : start + ROWS]
            padded = pad_sequence([torch.tensor(row) for row, _ in rows], batch_first=True)  # no token sees it
            for (row, line), states in zip(rows, self.model.hidden_states(padded), strict=True):
                self.lines[line] = row, states[: len(row)].clone()


def bert_score(encoder: TokenEncoder, reference: str, candidate: str, weights: Tensor | None = None) -> Score:
    """BERTScore of one pair of texts.

    Args:
        encoder: whose hidden states are compared.
        reference: a sentence a line.
        candidate: likewise; it may be empty.
        weights: from :func:`idf_weights`, for each token id; None: all alike.
    """
    (ids, states), (other_ids, other_states) = encoder.encode(reference), encoder.encode(candidate)
    similarity = similarity_matrix(states, other_states)
    return greedy_score(similarity) if weights is None else greedy_score(similarity, weights[ids], weights[other_ids])


def rescaled(score: float, baseline: float) -> float:
    """What a score is above a baseline, the mean score of texts that have nothing to do with each other."""
    return (score - baseline) / (1 - baseline)


def surprise(encoder: TokenEncoder, text: str) -> float:
    """Cross-entropy of a text under the model, in nats a token; its exponential is the perplexity.

    The first token of each line is not counted, because nothing stands before it.

    Args:
        encoder: its model predicts.
        text: a sentence a line.

    Raises:
        ValueError: no line has two tokens.
    """
    encoder.read([text])
    losses: list[np.ndarray] = []
    for line in filter(str.strip, text.splitlines()):
        ids, states = encoder.lines[line]
        with torch.no_grad():
            log_probabilities = encoder.model.logits(states[:-1]).log_softmax(-1)
        losses.append(-log_probabilities[torch.arange(len(ids) - 1), torch.tensor(ids[1:], dtype=torch.long)].numpy())
    if not any(map(len, losses)):
        raise ValueError("a text needs a line of at least two tokens before anything in it can be predicted")
    return float(np.concatenate(losses).mean())


def _length_first(row: tuple[list[int], str]) -> tuple[int, str]:
    return len(row[0]), row[1]


def _mean(values: Tensor, weights: Tensor | None) -> float:
    return float(values.mean() if weights is None else (values * weights).sum() / weights.sum())
