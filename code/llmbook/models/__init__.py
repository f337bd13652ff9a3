"""The models: one decoder, and a module per family that says what is distinctive about it."""

from llmbook.models import gemma, llama, olmo
from llmbook.models.decoder import Block, Decoder, DecoderConfig, initialize_

FAMILIES = {"gemma": gemma, "llama": llama, "olmo": olmo}
"""Hugging Face's ``model_type``: the module that reads it."""

PUBLISHED = {**gemma.PUBLISHED, **llama.PUBLISHED, **olmo.PUBLISHED}
"""Every published config in the book, by name."""

__all__ = ["FAMILIES", "PUBLISHED", "Block", "Decoder", "DecoderConfig", "initialize_"]
