"""Adapters: small trainable parts beside frozen weights. LoRA, DoRA, and the way into a model and out of it."""

from llmbook.adapters.base import AdapterLayer, Settings
from llmbook.adapters.dora import DoRALinear, row_norm, row_norm_low_rank
from llmbook.adapters.files import load_adapter, save_adapter
from llmbook.adapters.injection import adapter_layers, inject, trainable_parameters
from llmbook.adapters.lora import LoRAEmbedding, LoRALinear, scaling
from llmbook.adapters.lora_plus import lora_plus_groups
from llmbook.adapters.merging import merge, remove, unmerge

__all__ = [
    "AdapterLayer",
    "DoRALinear",
    "LoRAEmbedding",
    "LoRALinear",
    "Settings",
    "adapter_layers",
    "inject",
    "load_adapter",
    "lora_plus_groups",
    "merge",
    "remove",
    "row_norm",
    "row_norm_low_rank",
    "save_adapter",
    "scaling",
    "trainable_parameters",
    "unmerge",
]
