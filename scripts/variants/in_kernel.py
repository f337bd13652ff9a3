"""What the runner does inside the kernel of a page: watch for training, shift seeds, and move every control.

The page knows nothing of it: this module is imported before the first cell, and asked once more after the last.
"""

import functools
import json
import random
import warnings
from numbers import Integral

import numpy
import torch
from ipywidgets import HTML, Box, Text, Textarea
from ipywidgets.widgets.widget import _instances  # every widget of this kernel, by its id
from ipywidgets.widgets.widget_selection import _Selection
from torch.optim.optimizer import register_optimizer_step_post_hook

COMBINATIONS = 20
TEXTS = ("", "We decided to wait.", "1 < 2 & 3")


class Watch:
    """Which cell is running, which cells made an optimizer that took a step or took it, and what is added to seeds now.

    Args:
        shell: IPython's shell.
        shift: added to the seeds that a training cell sets.
        training: positions of the training cells among the code cells, from 0; known from an earlier run.
    """

    def __init__(self, shell, shift, training):
        self.cell, self.shift, self.training, self.steps = -1, shift, set(training), set()
        shell.events.register("pre_run_cell", self.start)
        register_optimizer_step_post_hook(self.step)

    def start(self, _info=None):
        """A code cell begins."""
        self.cell += 1

    def step(self, optimizer, *_):
        """A model is trained here; it has its weights, and often its batches, from where its optimizer was made."""
        self.steps |= {self.cell, getattr(optimizer, "_made_in_cell", self.cell)}

    def seed(self, seed):
        """The seed to use in place of one that the page has set."""
        is_seed = isinstance(seed, Integral) and not isinstance(seed, bool)  # of numpy as well
        return int(seed) + self.shift if is_seed and self.cell in self.training else seed


def install(shell, shift=0, training=()):
    """Watch the cells that follow; with a shift, hand other seeds to those that train."""
    watch = Watch(shell, shift, training)
    mark_optimizers(watch)
    if shift:
        shift_seeds(watch)
    return watch


def mark_optimizers(watch):
    """Have each optimizer remember the cell that made it."""
    begin = torch.optim.Optimizer.__init__

    @functools.wraps(begin)
    def marked(optimizer, *arguments, **options):
        begin(optimizer, *arguments, **options)
        optimizer._made_in_cell = watch.cell

    torch.optim.Optimizer.__init__ = marked


def shift_seeds(watch):
    """Put a wrapper around each way to seed a generator of torch, numpy and Python that pages use."""

    class Generator(torch.Generator):
        def manual_seed(self, seed):
            return super().manual_seed(watch.seed(seed))

    class Random(random.Random):
        def seed(self, a=None, version=2):  # __init__ calls it
            super().seed(watch.seed(a), version)

    torch.Generator, random.Random = Generator, Random
    seeders = ((torch, "manual_seed"), (torch.random, "manual_seed"), (numpy.random, "default_rng"),
               (numpy.random, "seed"), (random, "seed"))  # fmt: skip
    for module, name in seeders:
        setattr(module, name, _shifted(getattr(module, name), watch))


def _shifted(function, watch):
    @functools.wraps(function)
    def seeded(*arguments, **options):
        first = [watch.seed(value) for value in arguments[:1]]
        named = {name: watch.seed(value) if name in ("seed", "a") else value for name, value in options.items()}
        return function(*first, *arguments[1:], **named)

    return seeded


def report(watch):
    """A line of JSON: the training cells, how many controls were moved how often, and what went wrong."""
    boxes = [widget for widget in list(_instances.values()) if isinstance(widget, Box) and controls_of(widget)]
    problems, moves = [], 0
    for number, box in enumerate(boxes, start=1):
        done, found = move_all(box)
        moves += done
        problems += [f"explorer {number}: {problem}" for problem in found]
    print(json.dumps({"training": sorted(watch.steps), "explorers": len(boxes), "moves": moves, "problems": problems}))


def controls_of(box):
    """The controls of an explorer, and nothing of a box that is none."""
    return [child for child in box.children if isinstance(child, (_Selection, Text, Textarea))]


def move_all(box):
    """Put each control on each value, the others on their default, then all on random values.

    Returns:
        How many moves there were, and what failed or warned.
    """
    controls, chance = controls_of(box), random.Random(0)
    start = {control: control.get_state(_state(control))[_state(control)] for control in controls}
    moves = [{control: value} for control in controls for value in values_of(control)]
    moves += [{control: chance.choice(values_of(control)) for control in controls} for _ in range(COMBINATIONS)]
    problems = []
    for move in moves:
        problems += try_move(box, start | move)
    try_move(box, start)
    return len(moves), list(dict.fromkeys(problems))


def _state(control):
    return "index" if isinstance(control, _Selection) else "value"


def values_of(control):
    """All that a reader can set: the positions of a choice or a slider, some texts."""
    return list(range(len(control.options))) if isinstance(control, _Selection) else list(TEXTS)


def try_move(box, values):
    """Set controls as the front end would; return what failed or warned, in words."""
    said = ", ".join(f"{control.description}={_shown(control, value)}" for control, value in values.items())
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            for control, value in values.items():
                control.set_state({_state(control): value})
    except Exception as error:  # whatever it is, the reader would have met it
        return [f"{said}: {type(error).__name__}: {error}"]
    problems = [f"{said}: {warning.category.__name__}: {warning.message}" for warning in warned]
    alerts = [view.value for view in box.children if isinstance(view, HTML) and 'role="alert"' in view.value]
    return problems + [f"{said}: {alert}" for alert in alerts]


def _shown(control, value):
    chosen = isinstance(control, _Selection) and value is not None
    return repr(control._options_labels[value] if chosen else value)
