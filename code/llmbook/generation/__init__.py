"""Generation: one token at a time, with the keys and values of the past kept in a cache."""

from llmbook.generation.cache import KVCache
from llmbook.generation.decoder import generate, generate_with_beams, up_to_stop
from llmbook.generation.repetition import forbid_repeated_ngrams, penalize_repetition
from llmbook.generation.sampling import keep_top_k, keep_top_p, next_token_probabilities, sample_next
from llmbook.generation.streaming import TextStream, stream

__all__ = [
    "KVCache",
    "TextStream",
    "forbid_repeated_ngrams",
    "generate",
    "generate_with_beams",
    "keep_top_k",
    "keep_top_p",
    "next_token_probabilities",
    "penalize_repetition",
    "sample_next",
    "stream",
    "up_to_stop",
]
