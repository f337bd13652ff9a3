"""Folders of a training run that is to go on, and what their checkpoints say."""

import contextlib
import io
import math
import re
import tempfile
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from damage import Files, every
from kinds import Kind, Original
from second_reading import Unsaid, same
from torch import Tensor

from llmbook.models import olmo
from llmbook.training.resume import ResumeError, save_checkpoint
from llmbook.training.run import Point, Run, RunConfig, pretrain
from llmbook.training.schedule import Schedule


def new_run(seed: int = 0) -> Run:
    """A run of six steps."""
    model = replace(
        olmo.tiny(vocab_size=9, max_length=8), width=4, layers=1, heads=1, kv_heads=1, head_size=4, feedforward_width=4
    )
    config = RunConfig(model, Schedule(0.01, 6, 2, 0.001), batch_size=2, seed=seed, validate_every=3)
    tokens = torch.randint(9, (7, 5), generator=torch.Generator().manual_seed(7))
    return Run(config, tokens[:5], tokens[5:])


class Runs(Kind):
    """Read by :func:`pretrain`, which goes on from the newest checkpoint that is whole, and takes a step.

    The state after that step must be that of a run into which a second reading has put the state of the newest file
    that is whole; one that is not whole is named in a warning. What a file says must have the parts, types and shapes
    of a state. After a refusal the run is as it was.
    """

    def make(self) -> list[Original]:
        made = []
        for seed in (0, 1):
            run = new_run(seed)
            with tempfile.TemporaryDirectory() as folder:
                for point in run.advance(4):
                    if point.step % 2:
                        save_checkpoint(Path(folder), run.step, run.state())
                made.append(Original(dict(every(Path(folder))), f"seed {seed}", seed))
        return made

    def read(self, folder: Path, original: Original) -> tuple[dict, list[str]]:
        self.run = new_run(original.extra)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            next(pretrain(self.run, folder, save_every=10**6))
        return self.run.state(), [str(each.message) for each in told]

    def changed(self, original: Original) -> str | None:
        return None if same(self.run.state(), new_run(original.extra).state()) else "the run is another"

    def problem(self, found: tuple[dict, list[str]], files: Files, original: Original) -> str | None:
        state, told = found
        names = sorted(name for name in files if re.fullmatch(r"step-\d{8}\.pt", name))
        run = new_run(original.extra)
        while names:
            name = names.pop()
            whole = read_archive(files[name])
            if whole is not None:
                check_state(whole[0], run.state())
                put(run, whole[0])
                break
            if not any(name in message for message in told):
                return f"{name} is passed over without a warning"
        else:
            if any(re.fullmatch(r"step-\d{8}\.pt", each) for each in files):
                raise Unsaid("no checkpoint is whole")
        next(run.advance())
        return None if same(state, run.state()) else "what it goes on with is not what the file says"


def read_archive(content: bytes | None) -> tuple[Any] | None:
    """What a file holds, if it is an archive of which each part has its checksum."""
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.testzip() is None:
            return (torch.load(io.BytesIO(content), weights_only=True),)
    return None


def check_state(said: object, model: dict, path: str = "") -> None:
    """Refuse what has not the parts, types and shapes of a state, or numbers that no run has."""
    if path == ".config":
        if _flat(said) != _flat(model):
            raise Unsaid("another config")
    elif isinstance(model, Tensor):
        if not isinstance(said, Tensor) or (
            path != ".batches.order" and (said.dtype, said.shape) != (model.dtype, model.shape)
        ):
            raise Unsaid(f"{path} is no such tensor")
    elif path == ".points":
        _check_points(said)
    elif path == ".optimizer.state":
        _check_moments(said)
    elif isinstance(model, dict):
        if not isinstance(said, dict) or said.keys() != model.keys():
            raise Unsaid(f"{path} has not its parts")
        for name in model:
            check_state(said[name], model[name], f"{path}.{name}")
        _check_order(said, path)
        rates = {group["lr"] for group in said["param_groups"]} if path == ".optimizer" else {0.0}
        if len(rates) > 1 or not all(math.isfinite(rate) for rate in rates):
            raise Unsaid(f"the groups learn with {rates}")
    elif path.startswith((".data", ".optimizer")) and ".lr" not in path:
        if isinstance(model, list | tuple) and any(isinstance(each, dict) for each in model):
            if not isinstance(said, list) or len(said) != len(model):
                raise Unsaid(f"{path} has not its parts")
            for number, (each, other) in enumerate(zip(said, model, strict=True)):
                check_state(each, other, f"{path}.{number}")
        elif not (said == model or same(said, model)):
            raise Unsaid(f"{path} is {said!r}, not {model!r}")
    elif type(said) is not type(model):
        raise Unsaid(f"{path} is a {type(said).__name__}")


def _flat(tree: object, path: str = "") -> dict[str, object]:
    """The settings by their whole names; what is nothing is not told from what is missing."""
    if isinstance(tree, dict):
        return {name: value for key in tree for name, value in _flat(tree[key], f"{path}.{key}").items()}
    return {} if tree is None else {path: list(tree) if isinstance(tree, tuple) else tree}


def _check_points(points: object) -> None:
    if not isinstance(points, list):
        raise Unsaid("points are no list")
    kinds = {"step": int, "tokens": int, "loss": float, "gradient_norm": float, "learning_rate": float}
    for number, point in enumerate(points):
        if not isinstance(point, dict) or point.keys() != {*kinds, "validation_loss"}:
            raise Unsaid("a point without its fields")
        if any(type(point[name]) is not kind for name, kind in kinds.items()) or point["step"] != number:
            raise Unsaid("a point of other types, or out of order")
        if not isinstance(point["validation_loss"], float | None):
            raise Unsaid("a point of other types")


def _check_order(said: dict, path: str) -> None:
    """The order of the rows is one, and the place is in it."""
    if path == ".batches":
        order, position = said["order"], said["position"]
        if order.dtype != torch.long or order.ndim != 1 or (len(order) and sorted(order.tolist()) != list(range(5))):
            raise Unsaid("no order of the rows")
        if type(position) is not int or not 0 <= position <= len(order):
            raise Unsaid("a place outside of the order")


def _check_moments(said: object) -> None:
    run = new_run()
    next(run.advance())
    wanted = run.optimizer.state_dict()["state"]
    if not isinstance(said, dict) or said.keys() != wanted.keys():
        raise Unsaid("moments of other parameters")
    for number, moments in wanted.items():
        if not isinstance(said[number], dict) or said[number].keys() != moments.keys():
            raise Unsaid("other moments")
        for name, value in moments.items():
            each = said[number][name]
            if isinstance(value, Tensor) and not (
                isinstance(each, Tensor) and (each.shape, each.dtype) == (value.shape, value.dtype)
            ):
                raise Unsaid(f"{name} is no such tensor")
            if not isinstance(value, Tensor) and type(each) is not type(value):
                raise Unsaid(f"{name} is a {type(each).__name__}")


def put(run: Run, state: dict) -> None:
    """Put a state into a run, by hand."""
    with torch.no_grad():
        for name, tensor in run.model.state_dict().items():
            tensor.copy_(state["model"][name])
    run.optimizer.load_state_dict(state["optimizer"])
    run.batches.generator.set_state(state["batches"]["generator"])
    run.batches.order, run.batches.position = state["batches"]["order"].clone(), state["batches"]["position"]
    run.points = [Point(**point) for point in state["points"]]


KINDS = [Runs("run", 0.05, (ResumeError,))]
