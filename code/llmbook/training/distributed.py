r"""Several processes that train one model.

**Data parallel.** Every process holds the whole model and reads its own rows of the batch. With B rows shared evenly
by n processes, the mean of their gradients is the gradient of the whole batch,

.. math:: \frac1n \sum_{r=1}^{n} \nabla \frac{n}{B} \sum_{i \in \text{rows}_r} \ell_i
    = \nabla \frac1B \sum_{i=1}^{B} \ell_i,

so all of them take the same step, and the result is that of one process up to rounding.

**Fully sharded** (FSDP; Zhao et al. 2023, arXiv 2304.11277): every process keeps one n-th of each tensor and of its
optimizer state, and gathers a block's weights only while that block works.

``torchrun`` starts the processes and tells each its number in environment variables.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Process:
    """Which process this is, of how many."""

    rank: int = 0
    count: int = 1
    device: torch.device | str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0


ALONE = Process()


@contextlib.contextmanager
def joined_processes() -> Iterator[Process]:
    """Join the processes that ``torchrun`` has started, over NCCL on GPUs and gloo on CPUs; alone without torchrun."""
    if "WORLD_SIZE" not in os.environ:
        yield Process(device=torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        return
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Process(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()


def own_rows(batch: Tensor, process: Process) -> Tensor:
    """The rows ``(B / n, ...)`` of a batch ``(B, ...)`` that this process reads, on its device.

    Raises:
        ValueError: the rows cannot be shared evenly; a mean of means would then weigh them differently.
    """
    if len(batch) % process.count:
        raise ValueError(f"{len(batch)} rows cannot be shared evenly by {process.count} processes; change batch_size")
    each = len(batch) // process.count
    return batch[process.rank * each : (process.rank + 1) * each].to(process.device)


def average(value: float, process: Process) -> float:
    """The mean over all processes."""
    if process.count == 1:
        return value
    total = torch.tensor(value, dtype=torch.float64, device=process.device)
    dist.all_reduce(total)
    return total.item() / process.count


def replicate(model: nn.Module, process: Process) -> nn.Module:
    """Wrap a model so that ``backward`` averages the gradients of all processes; alone, the model itself."""
    return model if process.count == 1 else DistributedDataParallel(model)


def shard(model: nn.Module) -> nn.Module:
    """Shard each block of a decoder, then what is left; in place. Build the optimizer afterwards."""
    for block in model.layers:
        fully_shard(block)
    return fully_shard(model)
