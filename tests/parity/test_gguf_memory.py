"""Loading a GGUF file takes little more memory than its result, whether blocks are kept or become numbers."""

import subprocess
import sys

import numpy as np
import pytest
from gguf_files import Types, write_gguf

HF = {"model_type": "llama", "hidden_size": 1024, "num_attention_heads": 8, "num_key_value_heads": 8,
      "vocab_size": 8000, "num_hidden_layers": 2, "max_position_embeddings": 64, "intermediate_size": 2752,
      "rms_norm_eps": 1e-5, "rope_theta": 1e4}  # fmt: skip
PEAK = r"""
import re, sys
import torch
from llmbook.checkpoint import load_pretrained, read_checkpoint_config
from llmbook.checkpoint.sources import open_gguf
from llmbook.models import Decoder, llama

def peak():  # not ru_maxrss, which a child inherits from its parent
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) * 1024

def naive(path):
    source, model = open_gguf(path), Decoder(read_checkpoint_config(path))
    tensors = {place.names[0]: source.stored[name].read() for name, place in source.table.items()}
    for name, tensor in model.named_parameters():
        tensor.data.copy_(tensors[name])
    return model

def kept(path):
    return load_pretrained(path, keep_quantized=True)

torch.ones(8, 8) @ torch.ones(8, 8)
with torch.device("meta"):
    Decoder(llama.tiny())  # the first one brings much of torch with it
before = peak()
model = {"ours": load_pretrained, "naive": naive, "kept": kept}[sys.argv[2]](sys.argv[1])
held = [*model.parameters(), *model.buffers()]
for tensor in held:
    tensor.max()
print((peak() - before) / sum(tensor.nbytes for tensor in held), sum(tensor.nbytes for tensor in held))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_of_memory_is_near_the_size_of_the_result(tmp_path):
    width, wide, rows = HF["hidden_size"], HF["intermediate_size"], HF["vocab_size"]
    shapes = dict.fromkeys(("model.embed_tokens.weight", "lm_head.weight"), (rows, width))
    shapes["model.norm.weight"] = (width,)
    for layer in range(HF["num_hidden_layers"]):
        inside = {f"self_attn.{letter}_proj": (width, width) for letter in "qkvo"}
        inside |= {"mlp.gate_proj": (wide, width), "mlp.up_proj": (wide, width), "mlp.down_proj": (width, wide)}
        inside |= {"input_layernorm": (width,), "post_attention_layernorm": (width,)}
        shapes |= {f"model.layers.{layer}.{name}.weight": shape for name, shape in inside.items()}
    generator = np.random.default_rng(0)
    tensors = {name: generator.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    path = tmp_path / "model.gguf"
    write_gguf(path, HF, tensors, lambda name, numbers: Types.Q8_0)

    def peak(loader):
        command = [sys.executable, "-c", PEAK, str(path), loader]
        ratio, held = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        return float(ratio), int(held)

    (ours, whole), (kept, blocks), (naive, _) = peak("ours"), peak("kept"), peak("naive")
    assert whole == 4 * sum(tensor.size for tensor in tensors.values()) > 160e6
    assert 0.9 < ours < 1.25 and naive > 1.6
    assert blocks < 0.5 * whole and 0.9 < kept < 1.4  # of a smaller whole the pieces are a larger part
