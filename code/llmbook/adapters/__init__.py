"""Adapters: small trainable parts beside frozen weights. LoRA, DoRA, and the way into a model and out of it."""

from llmbook.adapters.base import AdapterLayer
from llmbook.adapters.dora import DoRALinear, row_norm, row_norm_low_rank
from llmbook.adapters.injection import adapter_layers, inject, merge, remove, trainable_parameters, unmerge
from llmbook.adapters.lora import LoRAEmbedding, LoRALinear, scaling
from llmbook.adapters.lora_plus import lora_plus_groups

__all__ = [
    "AdapterLayer",
    "DoRALinear",
    "LoRAEmbedding",
    "LoRALinear",
    "adapter_layers",
    "inject",
    "lora_plus_groups",
    "merge",
    "remove",
    "row_norm",
    "row_norm_low_rank",
    "scaling",
    "trainable_parameters",
    "unmerge",
]
