"""Small checkpoints in the published layout, written by transformers: the input of the parity tests.

Every matrix and every gain is random and large ("loud"), or as transformers draws it ("quiet"): a gain that stayed at
its default would hide that it was never loaded.
"""

import copy
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from small_prompts import VOCABULARY
from tokenizers import Tokenizer, decoders, models, normalizers, trainers
from transformers import GemmaConfig, LlamaConfig, OlmoConfig

SIZES = {"vocab_size": VOCABULARY, "num_hidden_layers": 2, "max_position_embeddings": 96, "intermediate_size": 80}
CONFIGS = {
    # One key-value head and H * E = D, as the 2B; then multi-head and H * E > D, as the 7B.
    "gemma-2b": GemmaConfig(hidden_size=48, num_attention_heads=4, num_key_value_heads=1, head_dim=12, **SIZES),
    "gemma-7b": GemmaConfig(hidden_size=48, num_attention_heads=4, num_key_value_heads=4, head_dim=16, **SIZES),
    "llama": LlamaConfig(hidden_size=48, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5, **SIZES),
    "llama-tied": LlamaConfig(hidden_size=48, num_attention_heads=4, tie_word_embeddings=True, **SIZES),
    "olmo": OlmoConfig(hidden_size=48, num_attention_heads=4, clip_qkv=8.0, eos_token_id=2, **SIZES),
    "olmo-tied": OlmoConfig(hidden_size=48, num_attention_heads=4, tie_word_embeddings=True, eos_token_id=2, **SIZES),
}
SENTENCES = [
    "Ana opened the meeting at nine and read the agenda.",
    "The budget was discussed, and nobody wanted to cut the travel costs.",
    "Ben will send the new budget to the group before Friday.",
    "The group agreed to meet again on Monday at nine.",
]


def reference(kind: str, *, loud: bool = True, dtype: torch.dtype = torch.float32, seed: int = 0):
    """A transformers model with random weights, in evaluation mode."""
    torch.manual_seed(seed)  # transformers draws from the global generator
    model = transformers.AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS[kind]))  # it writes into it
    if loud:
        with torch.no_grad():
            for tensor in model.parameters():
                tensor.normal_(0.0, 0.3 if tensor.ndim > 1 else 1.0)
    model.generation_config.eos_token_id = None  # rows stop only where a test says so
    return model.to(dtype).eval()


def write_folder(directory: Path, kind: str, *, shards: bool = False, **options):
    """Save such a model as transformers does, in one file or in several; returns the model."""
    model = reference(kind, **options)
    model.save_pretrained(directory, max_shard_size="40KB" if shards else "5GB")
    return model


def train_tokenizer(vocab_size: int = VOCABULARY) -> Tokenizer:
    """A byte-pair tokenizer in Gemma's manner: spaces become a visible mark, special tokens come first."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=special, show_progress=False)
    )
    return tokenizer


def edit_config(directory: Path, **changes) -> None:
    """Change fields of a ``config.json``."""
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_weights(directory: Path, edit) -> None:
    """Let ``edit`` change the dict of tensors in a ``model.safetensors``."""
    tensors = load_file(directory / "model.safetensors")
    edit(tensors)
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
