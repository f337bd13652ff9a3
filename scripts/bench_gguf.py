"""Loading SmolLM2 from its GGUF file beside the reference packages: seconds, and the peak of memory.

    python scripts/bench_gguf.py

Each load runs in a process of its own, several times by turns, and the least is printed: what else runs on a machine
makes things slower and never faster. Needs the file that ``python -m llmbook.real_weights smollm2`` fetches, and Linux.
The package ``gguf`` reads the numbers alone; the others make a model that is ready to run.
"""

import subprocess
import sys

from llmbook.real_weights import find_weights

ROUNDS = 3
LOADS = {
    "llmbook": "from llmbook.checkpoint import load_pretrained as load\nmade = lambda: load(path)",
    "llmbook, bfloat16": "from llmbook.checkpoint import load_pretrained as load\n"
    "made = lambda: load(path, dtype='bfloat16')",
    "llmbook, blocks kept": "from llmbook.checkpoint import load_pretrained as load\n"
    "made = lambda: load(path, keep_quantized=True)",
    "gguf": "import gguf\nmade = lambda: {each.name: gguf.dequantize(each.data, each.tensor_type) "
    "for each in gguf.GGUFReader(path).tensors}",
    "transformers": "import torch, transformers, transformers.models.llama.modeling_llama\n"
    "made = lambda: transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, "
    "dtype=torch.float32)",
}
PROGRAM = r"""
import re, sys, time
from pathlib import Path
path = Path(sys.argv[1])
{load}
def peak():
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1024
before, start, cpu = peak(), time.perf_counter(), time.process_time()
found = made()
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
held = [*found.parameters(), *found.buffers()] if hasattr(found, "parameters") else found.values()
print(seconds, cpu, peak() - before, sum(each.nbytes for each in held) / 2**20)
"""


def measured(load: str, path: str) -> list[float]:
    """Seconds, seconds of the processor, MiB at the peak, MiB that are held."""
    command = [sys.executable, "-c", PROGRAM.format(load=load), path]
    return [float(word) for word in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()]


def main() -> int:
    """Print the rows; 1 without the file."""
    path = find_weights("smollm2")
    if path is None:
        print("needs real weights: run python -m llmbook.real_weights smollm2")
        return 1
    rows = {name: [] for name in LOADS}
    for _ in range(ROUNDS):
        for name, load in LOADS.items():
            rows[name].append(measured(load, str(path)))
    print(f"{'':22s}{'s':>8s}{'CPU s':>8s}{'peak MiB':>10s}{'held MiB':>10s}")
    for name, found in rows.items():
        best = [min(column) for column in zip(*found, strict=True)]
        print(f"{name:22s}{best[0]:8.2f}{best[1]:8.2f}{best[2]:10.0f}{best[3]:10.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
