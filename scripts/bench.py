"""Time the book's code beside its references, interleaved in one run: ``make bench``.

Each row times its variants in turn, round after round, so that a machine which slows down slows all of them. It
prints the fastest round (least disturbed) and the median, in milliseconds, and how the median compares with the
first variant. Nothing here is a test: machines differ, and only numbers from the same run may be compared.
"""

import platform
import tempfile
from pathlib import Path

import torch
import transformers
from bench_adapters import report_adapters
from bench_rouge import report_rouge
from bench_t5 import report_t5
from timing import ROUNDS, Variants, report
from torch.nn import functional as F

from llmbook.checkpoint import load_pretrained, save_pretrained
from llmbook.generation import generate
from llmbook.layers import attend, attend_slow, rms_norm
from llmbook.models import Decoder, DecoderConfig, initialize_


def attention_variants(length: int) -> Variants:
    """Causal attention over 8 heads of 64, written out and fused."""
    query, key, value = torch.randn(3, 1, 8, length, 64, generator=torch.Generator().manual_seed(0))
    return {"attend_slow": lambda: attend_slow(query, key, value), "attend": lambda: attend(query, key, value)}


def norm_variants() -> Variants:
    """RMSNorm of 1,024 positions of width 2,048."""
    x, weight = torch.randn(1024, 2048, generator=torch.Generator().manual_seed(0)), torch.ones(2048)
    return {
        "torch F.rms_norm": lambda: F.rms_norm(x, (2048,), weight, 1e-6),
        "rms_norm": lambda: rms_norm(x, weight, eps=1e-6),
    }


def small_gemma() -> DecoderConfig:
    """About 46 million numbers in a Gemma 2B's proportions."""
    return DecoderConfig(
        vocab_size=32_000, width=512, layers=8, heads=8, kv_heads=1, head_size=64, feedforward_width=2048,
        max_length=512, activation="gelu_tanh", norm="rms_unit", norm_eps=1e-6, tie_embeddings=True,
        scale_embedding=True,
    )  # fmt: skip


def model_variants(folder: Path) -> dict[str, Variants]:
    """Forward pass, generation and loading of one checkpoint, here and in transformers."""
    config = small_gemma()
    save_pretrained(initialize_(Decoder(config), torch.Generator().manual_seed(0)), folder)
    ours, theirs = load_pretrained(folder), transformers.GemmaForCausalLM.from_pretrained(folder)
    ids = torch.randint(config.vocab_size, (1, 128), generator=torch.Generator().manual_seed(1))
    options = {"max_new_tokens": 32, "do_sample": False, "eos_token_id": None}
    forward = {"transformers": lambda: theirs(ids, use_cache=False).logits, "llmbook": lambda: ours(ids)}
    return {
        "forward, 128 tokens": {name: torch.inference_mode()(run) for name, run in forward.items()},
        "32 new tokens after 64": {
            "transformers": lambda: theirs.generate(ids[:, :64], **options),
            "llmbook": lambda: generate(ours, ids[:, :64], max_new_tokens=32),
            "llmbook, no cache": lambda: generate(ours, ids[:, :64], max_new_tokens=32, use_cache=False),
        },
        "load 185 MB": {
            "transformers": lambda: transformers.GemmaForCausalLM.from_pretrained(folder),
            "llmbook": lambda: load_pretrained(folder),
        },
    }


def main() -> None:
    """Print the table."""
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {platform.machine()}, "
          f"{torch.get_num_threads()} threads, {ROUNDS} rounds")  # fmt: skip
    print(f"{'':26} {'':20} {'min ms':>9} {'median':>9} {'ratio':>7}")
    for length in (128, 512, 1024):
        report(f"attention, {length} tokens", attention_variants(length))
    report("RMSNorm, 1024 x 2048", norm_variants())
    with tempfile.TemporaryDirectory() as folder:
        for title, variants in model_variants(Path(folder)).items():
            report(title, variants)
    report_adapters()
    report_rouge()
    report_t5()


if __name__ == "__main__":
    main()
