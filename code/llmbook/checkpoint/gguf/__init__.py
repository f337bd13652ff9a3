"""GGUF files, the format of llama.cpp: sizes, tokenizer and weights of a model in one file, mostly quantized."""

from llmbook.checkpoint.gguf.file import GGUF, is_gguf, read_gguf
from llmbook.checkpoint.gguf.special_ids import chat_template, start_id
from llmbook.checkpoint.gguf.tensors import GGUFTensor
from llmbook.checkpoint.gguf.tokenizer import gguf_tokenizer

__all__ = ["GGUF", "GGUFTensor", "chat_template", "gguf_tokenizer", "is_gguf", "read_gguf", "start_id"]
