"""The models: one decoder, with a module per family that says what is distinctive about it, and T5.

T5 is an encoder-decoder and stands beside ``FAMILIES``, which are decoders all.
"""

from llmbook.models import falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi
from llmbook.models.config import DecoderConfig
from llmbook.models.decoder import Block, Decoder
from llmbook.models.family import Family, by_model_type
from llmbook.models.initialization import initialize_, initialize_mitchell_
from llmbook.models.t5 import T5
from llmbook.models.t5_config import T5Config

FAMILIES = by_model_type(each.FAMILY for each in (falcon, gemma, gpt2, llama, olmo, olmo2, olmo3, phi))
"""Hugging Face's ``model_type``: the family that reads it."""

PUBLISHED = {name: config for family in FAMILIES.values() for name, config in family.published.items()}
"""Every published config in the book, by name."""

__all__ = [
    "FAMILIES",
    "PUBLISHED",
    "T5",
    "Block",
    "Decoder",
    "DecoderConfig",
    "Family",
    "T5Config",
    "initialize_",
    "initialize_mitchell_",
]
