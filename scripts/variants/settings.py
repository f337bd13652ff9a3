"""The settings under which every page must say the same: other kernels, other numbers of threads, other seeds.

A setting is an environment for the kernel, and an amount that is added to every seed of a cell that trains. Three
libraries choose kernels for the processor, each by a variable of its own: PyTorch (ATen), Intel's MKL and oneDNN.
"""

from dataclasses import dataclass, field

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "DNNL_MAX_CPU_ISA": "SSE41"}
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "DNNL_MAX_CPU_ISA": "AVX2"}
FOUR_THREADS = {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}


@dataclass(frozen=True)
class Setting:
    """One way to run the pages."""

    about: str
    environment: dict[str, str] = field(default_factory=dict)
    seed_shift: int = 0
    """Added to each seed that a cell sets which trains; 0 leaves all seeds alone."""


SETTINGS = {
    "own": Setting("the kernels and threads that this machine chooses by itself"),
    "plain": Setting("kernels without vector instructions", PLAIN | ONE_THREAD),
    "avx2": Setting("AVX2 kernels, without AVX-512", AVX2 | ONE_THREAD),
    "one-thread": Setting("one thread", ONE_THREAD),
    "four-threads": Setting("four threads, on however many cores", FOUR_THREADS),
    "seeds": Setting("another seed for every live training", ONE_THREAD, seed_shift=1000),
}
