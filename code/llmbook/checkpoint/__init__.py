"""Published checkpoints in and out: a Hugging Face folder or a GGUF file becomes a model, and a model such a folder."""

from llmbook.checkpoint.folder import stored_tensors
from llmbook.checkpoint.hub import CheckpointError
from llmbook.checkpoint.pretrained import load_pretrained, read_checkpoint_config, save_pretrained

__all__ = ["CheckpointError", "load_pretrained", "read_checkpoint_config", "save_pretrained", "stored_tensors"]
