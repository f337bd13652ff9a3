"""Whether two programs have written the same text, on any processor.

Two words can score alike to the last digits; then rounding decides, and everything behind that word is another text. So
equal texts are equal up to such a tie: where they part first, the model scores both words alike, or, for beams, which
choose by it, both texts.
"""

import torch

TIE = 1e-3  # of logits or of a text's score, in nats; rounding moves them by about 1e-5


def same_text(made, expected, logits, *, start, stop_ids=(), length_penalty=1.0):
    """Whether each row is the same, up to a tie.

    Args:
        made: ids ``(B, T)``.
        expected: ids ``(B, T)``, of another width if the longest text differs.
        logits: from a row's number and one text ``(1, T)`` to ``(T, V)``, the scores of what follows each word.
        start: how many words of a row were given.
        stop_ids: the words that end a text; what stands behind them is padding, and is not looked at here.
        length_penalty: the power of the length by which beams divide the score of a text.
    """
    pairs = [[ended(row, start, stop_ids) for row in pair] for pair in zip(made, expected, strict=True)]
    return all(_same_row(*pair, lambda text, row=row: logits(row, text), start, length_penalty)
               for row, pair in enumerate(pairs))


def ended(row, start, stop_ids):
    """A row up to the first word, of those written, that ends it."""
    stops = torch.isin(row[start:], torch.tensor(stop_ids, dtype=row.dtype)).nonzero()
    return row[: start + int(stops[0]) + 1] if len(stops) else row


def _same_row(made, expected, logits, start, length_penalty):
    shared = min(len(made), len(expected))
    parted = (made[:shared] != expected[:shared]).nonzero()
    if not len(parted):
        return len(made) == len(expected)  # a text that breaks off is no tie, however sure the model is of what follows
    first = int(parted[0])
    scores = logits(expected[None, :first])[-1]
    tie = (scores[made[first]] - scores[expected[first]]).abs() <= TIE
    return bool(tie) or _tie_of_texts(made, expected, logits, start, length_penalty)


def _tie_of_texts(made, expected, logits, start, length_penalty):
    scores = [score(text, logits, start, length_penalty) for text in (made, expected)]
    return abs(scores[0] - scores[1]) <= TIE


def score(text, logits, start, length_penalty):
    """Log-probability of what was written behind the start, over its length to a power, as beams compare texts."""
    following = text[start:]
    chosen = logits(text[None])[start - 1 : -1].log_softmax(-1).gather(1, following[:, None])
    return chosen.sum().item() / len(following) ** length_penalty


def decoder_logits(model, mask=None):
    """The scores of a decoder, for rows that are padded on the left as ``mask`` ``(B, S)`` says."""

    @torch.no_grad()
    def logits(row, text):
        if mask is None:
            return model(text)[0]
        written = torch.ones(1, text.shape[1] - mask.shape[1], dtype=torch.bool)
        return model(text, attention_mask=torch.cat((mask[row : row + 1].bool(), written), 1))[0]

    return logits


def t5_logits(model, input_ids, mask=None):
    """The scores of a T5 that has read a batch."""

    @torch.no_grad()
    def logits(row, text):
        read = None if mask is None else mask[row : row + 1]
        return model(input_ids[row : row + 1], text, attention_mask=read)[0]

    return logits
