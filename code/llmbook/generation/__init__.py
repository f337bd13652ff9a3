"""Generation: one token at a time, with the keys and values of the past kept in a cache."""

from llmbook.generation.cache import KVCache
from llmbook.generation.decoder import generate, generate_with_beams, up_to_stop
from llmbook.generation.sampling import keep_top_k, keep_top_p, next_token_probabilities, sample_next

__all__ = [
    "KVCache",
    "generate",
    "generate_with_beams",
    "keep_top_k",
    "keep_top_p",
    "next_token_probabilities",
    "sample_next",
    "up_to_stop",
]
