"""From texts to batches: a byte-pair tokenizer, packing into rows of one length, and a source of batches with a memory.

The tokenizer merges the most frequent pair of neighboring symbols, starting from bytes, until its vocabulary is full
(Sennrich et al. 2016, arXiv 1508.07909). OLMo puts an end-of-text token after each document, joins all documents into
one row and cuts it into pieces of 2,048 (arXiv 2402.00838, Section 3.1); the matrix of its 50,280 tokens has 50,304
rows, the next multiple of 128.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

END_OF_TEXT, PADDING = "<|endoftext|>", "<|padding|>"
SPECIAL_TOKENS = (END_OF_TEXT, PADDING)  # they get ids 0 and 1


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn a byte-pair tokenizer.

    Args:
        texts: what it learns from.
        vocab_size: tokens at most: 2 special ones, 256 bytes, and merges.

    Raises:
        ValueError: there is no room for the bytes.
    """
    smallest = len(SPECIAL_TOKENS) + 256
    if vocab_size < smallest:
        raise ValueError(f"vocab_size must be at least {smallest}, for the bytes and special tokens, not {vocab_size}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(SPECIAL_TOKENS), show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def padded_size(vocab_size: int, multiple: int = 128) -> int:
    """The next multiple: rows of a matrix that hardware multiplies well (50,280 gives OLMo's 50,304)."""
    return -(-vocab_size // multiple) * multiple


def as_text(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that reads all there is, and as text: a document that spells ``<|endoftext|>`` does not end there.

    Args:
        tokenizer: any; its truncation and padding, which a script may have left on, are off in the copy.
    """
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.encode_special_tokens = True  # that is: as the text that they are spelled with
    copy.no_truncation()
    copy.no_padding()
    return copy


def pack(tokenizer: Tokenizer, texts: Iterable[str], length: int) -> Tensor:
    """Join texts, an end-of-text token after each, and cut the row into pieces.

    Args:
        tokenizer: with the special tokens above.
        texts: documents, whole and as text: see :func:`as_text`.
        length: T, what the model reads of a piece.

    Returns:
        ids ``(N, T + 1)`` int64: the last of a row is only asked for. What does not fill a row at the end is left out.

    Raises:
        ValueError: the texts do not fill one row, ``length`` is not positive, or the tokenizer has no end of text.
        TypeError: the texts are one string, whose letters would be the documents.
    """
    end, reader = tokenizer.token_to_id(END_OF_TEXT), as_text(tokenizer)
    if isinstance(texts, str):
        raise TypeError("texts must be several documents, not one string; put it into a list")
    if length < 1 or end is None:
        raise ValueError(f"length must be at least 1, not {length}" if length < 1 else
                         f"the tokenizer has no {END_OF_TEXT} to put after each document")  # fmt: skip
    ids = [token for text in texts for token in (*reader.encode(text, add_special_tokens=False).ids, end)]
    rows = len(ids) // (length + 1)
    if not rows:
        raise ValueError(f"{len(ids)} tokens do not fill one row of {length + 1}; give more text or a smaller length")
    return torch.tensor(ids[: rows * (length + 1)]).view(rows, length + 1)


def fingerprint(tensors: Sequence[Tensor]) -> str:
    """Sixteen hexadecimal digits that change when any number of the tensors does."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


class Batches:
    """Endless batches: every row once in random order, then again in another order. Its state can be saved.

    Args:
        rows: ``(N, ...)``.
        batch_size: rows in a batch, over all processes together.
        generator: the source of randomness; only this object may use it.

    Raises:
        ValueError: there are fewer rows than a batch needs.
    """

    def __init__(self, rows: Tensor, batch_size: int, generator: torch.Generator):
        if not 1 <= batch_size <= len(rows):
            raise ValueError(f"batch_size must be from 1 to the {len(rows)} rows there are, not {batch_size}")
        self.rows, self.batch_size, self.generator = rows, batch_size, generator
        self.order, self.position = torch.empty(0, dtype=torch.long), 0

    def __iter__(self) -> Iterator[Tensor]:
        """Yield batches ``(batch_size, ...)``, from where the last one was drawn."""
        while True:
            yield self.draw()

    def draw(self) -> Tensor:
        """The next batch. What is left at the end of an order, and fills no batch, is skipped."""
        if self.position + self.batch_size > len(self.order):
            self.order, self.position = torch.randperm(len(self.rows), generator=self.generator), 0
        chosen = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        return self.rows[chosen]

    def state(self) -> dict:
        """All that decides the batches to come: the generator, the present order and the place in it."""
        return {"generator": self.generator.get_state(), "order": self.order.clone(), "position": self.position}

    def restore(self, state: dict) -> None:
        """Go on from a state."""
        self.generator.set_state(state["generator"])
        self.order, self.position = state["order"].clone(), state["position"]
