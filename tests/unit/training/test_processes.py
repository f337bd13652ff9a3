"""Two processes train as one does; the script runs under torchrun. Tolerance 1e-5 relative: sums in another order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from pretraining_runs import losses, short_run

from llmbook.training.distributed import Process, average, own_rows, replicate

HERE = Path(__file__).parents[1]
ROOT = HERE.parents[1]
RELATIVE = 1e-5


def torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "code"), "CUDA_VISIBLE_DEVICES": ""}
    command += map(str, arguments)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Losses of two processes: right, with the fault, sharded."""
    path = tmp_path_factory.mktemp("together") / "losses.json"
    torchrun(HERE / "pretraining_runs.py", "together", path)
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def alone():
    """Losses and norms of one process."""
    torch.set_num_threads(1)
    return losses(short_run().advance())


def gap(ours, theirs):
    """Largest relative difference."""
    return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("column", [1, 2], ids=["loss", "gradient norm"])
def test_two_processes_train_as_one(together, alone, column):
    right, faulty, _ = together
    expected = [row[column] for row in alone]
    assert gap([row[column] for row in right], expected) < RELATIVE
    assert gap([row[column] for row in faulty], expected) > 100 * RELATIVE  # both read the first one's rows


def test_validation_is_the_same(together, alone):
    measured = [(a[3], b[3]) for a, b in zip(together[0], alone, strict=True) if b[3] is not None]
    assert len(measured) == 3 and gap(*zip(*measured, strict=True)) < RELATIVE


def test_sharded_trains_as_one(together, alone):
    assert gap(together[2], [row[1] for row in alone]) < RELATIVE


def test_the_script_runs_under_torchrun(tmp_path):
    arguments = [ROOT / "scripts" / "pretrain.py", "--folder", tmp_path, "--meetings", 30]
    torchrun(*arguments, "--steps", 4)
    stored = json.loads((tmp_path / "points.json").read_text())
    assert stored["settings"]["processes"] == 2 and [row["step"] for row in stored["rows"]] == [0, 1, 2, 3]
    assert (tmp_path / "model" / "config.json").exists()


def test_rows_are_shared_without_overlap():
    batch = torch.arange(12).view(6, 2)
    parts = [own_rows(batch, Process(rank, 3)) for rank in range(3)]
    assert torch.equal(torch.cat(parts), batch)
    with pytest.raises(ValueError, match="change batch_size"):
        own_rows(batch, Process(0, 4))


def test_alone_nothing_is_wrapped():
    model = torch.nn.Linear(1, 1)
    assert replicate(model, Process()) is model and average(0.1, Process()) == 0.1
