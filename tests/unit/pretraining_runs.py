"""Runs of a few steps on random tokens, for the tests of pretraining; and what their child processes do."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from llmbook.models import olmo
from llmbook.training import distributed, run
from llmbook.training import resume as checkpoint
from llmbook.training.decay import decay_groups
from llmbook.training.loop import next_token_loss
from llmbook.training.run import Run, RunConfig, pretrain
from llmbook.training.schedule import Schedule

STEPS, SAVE_EVERY = 12, 4


def short_config(seed=3, **changes):
    """Twelve steps of OLMo at width 16."""
    model = replace(olmo.tiny(vocab_size=32, max_length=16), width=16, heads=2, kv_heads=2, head_size=8,
                    feedforward_width=24, layers=1)
    settings = {"model": model, "schedule": Schedule(0.01, STEPS, 3, 0.001), "batch_size": 4, "validate_every": 5}
    return RunConfig(**(settings | {"seed": seed} | changes))


def random_rows(count, seed):
    """Rows of tokens ``(count, 9)``."""
    return torch.randint(32, (count, 9), generator=torch.Generator().manual_seed(seed))


def short_run(process=distributed.ALONE, **changes):
    """A run on 26 rows: its batches of four leave two over in each order."""
    return Run(short_config(**changes), random_rows(26, 0), random_rows(6, 1), process)


def losses(points):
    """The numbers of every step, for exact comparison."""
    return [(p.step, p.loss, p.gradient_norm, p.validation_loss) for p in points]


def be_killed_while_writing(folder, atomically=True):
    """Train, and be killed with half of the second checkpoint on the disk."""
    whole, written = torch.save, []

    def half_save(state, file):
        whole(state, file)
        written.append(file)
        if len(written) == 2:
            file.truncate(file.tell() // 2)
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.torch.save = half_save
    if not atomically:  # the fault: the file has its name before it is complete
        Path.with_suffix = lambda path, suffix: path
    for _ in pretrain(short_run(), folder, save_every=SAVE_EVERY):
        pass


def train_together(output):
    """On several processes: as it should be, then with every process reading the first one's rows, then sharded."""
    with distributed.joined_processes() as process:
        right = [losses(short_run(process).advance())]
        honest, run.own_rows = run.own_rows, lambda batch, _: honest(batch, distributed.Process(0, process.count))
        right.append(losses(short_run(process).advance()))
        run.own_rows = honest
        right.append(train_sharded(process))
        if process.is_first:
            output.write_text(json.dumps(right))


def train_sharded(process):
    """The losses of the same run with the model sharded; its gradients are averaged by the sharding itself."""
    reference = short_run()
    model = distributed.shard(reference.model)
    optimizer = torch.optim.AdamW(decay_groups(model, 0.1, decayed="linear layers"), betas=(0.9, 0.95), eps=1e-5)
    seen = []
    for step in range(STEPS):
        loss = next_token_loss(model, distributed.own_rows(reference.batches.draw(), process))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = reference.config.schedule(step)
        optimizer.step()
        seen.append(distributed.average(loss.item(), process))
    return seen


if __name__ == "__main__":
    torch.set_num_threads(1)
    task, path, *rest = sys.argv[1:]
    {"kill": be_killed_while_writing, "together": train_together}[task](Path(path), *map(json.loads, rest))
