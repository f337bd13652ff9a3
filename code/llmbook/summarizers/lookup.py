"""A summarizer that cannot read: it finds the most similar transcript it knows and hands out that one's summary.

It measures how much of a test can be answered by memory. Where it does well, the split leaks.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from llmbook.metrics.rouge_tokens import check_texts
from llmbook.summarizers.baselines import WORD


@lru_cache(maxsize=4096)
def different_words(text: str) -> frozenset[str]:
    """The words of a text without their order; those of texts seen lately are remembered."""
    return frozenset(WORD.findall(text.lower()))


class Lookup:
    """Known transcripts with a summary each.

    Args:
        transcripts: at least one.
        summaries: one for each transcript.

    Raises:
        TypeError: a str instead of a list of them.
        ValueError: there is no transcript, or they are not as many as the summaries.
    """

    def __init__(self, transcripts: Sequence[str], summaries: Sequence[str]):
        transcripts, summaries = check_texts(transcripts, "transcripts"), check_texts(summaries, "summaries")
        if not transcripts or len(transcripts) != len(summaries):
            raise ValueError(f"{len(transcripts)} transcripts, {len(summaries)} summaries; pass as many of each, not 0")
        texts = [different_words(text) for text in transcripts]
        self.summaries = list(summaries)
        self.places = {word: index for index, word in enumerate(sorted(set().union(*texts)))}
        self.rarity = np.ones(len(self.places))
        known = np.stack([self._vector(text) for text in transcripts]) > 0
        self.rarity = np.log(1 + len(texts) / known.sum(0))
        self.known = np.stack([self._vector(text) for text in transcripts])

    def nearest(self, transcript: str) -> int:
        """The index of the most similar known transcript, by the cosine of rare words; the first of equals."""
        return int(np.argmax(np.round(self.known @ self._vector(transcript), 10)))

    def summary(self, transcript: str) -> str:
        """The summary of that one."""
        return self.summaries[self.nearest(transcript)]

    def _vector(self, transcript: str) -> np.ndarray:
        """Which known words a transcript has, the rare ones weighing more, at length 1."""
        vector = np.zeros(len(self.places))
        vector[[self.places[word] for word in different_words(transcript) if word in self.places]] = 1
        vector *= self.rarity
        return vector / max(np.linalg.norm(vector), 1e-12)
