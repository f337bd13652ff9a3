"""The experiment: rates chosen on a small part, then every system's answers to the test queries.

A cell is one run; its row is stored, and a cell that is stored is not run again. The order of the cells is part of what
was fixed beforehand, see ``settings``.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from llmbook.adapters import load_adapter, merge, save_adapter
from llmbook.chapters.tiny_titans.real_meetings import settings as fixed
from llmbook.chapters.tiny_titans.real_meetings.prompts import Chat, load_chat
from llmbook.chapters.tiny_titans.real_meetings.tuning import Pair, Tuning, mean_loss, tuned
from llmbook.chapters.tiny_titans.real_meetings.writing import lead, oracle, score_answers, write_answers
from llmbook.checkpoint import load_pretrained
from llmbook.meetings.qmsum_spans import SpanQuery
from llmbook.models.decoder import Decoder

COPIES = {"lead": lead, "oracle": oracle}


@dataclass(frozen=True)
class Cell:
    """A run."""

    part: str
    """``rate``: how a rate does on the validation queries; ``test``: answers to the test queries."""
    system: str
    """``lead``, ``oracle``, ``zero-shot``, ``lora`` or ``dora``."""
    instruction: str | None = None
    """A key of ``INSTRUCTIONS``, where a model writes."""
    rate: float | None = None
    """Of the tuning, where there is one."""
    seed: int | None = None
    """Of the tuning, where there is one."""
    training: int | None = None
    """Training queries."""
    queries: int = 0
    """Queries that the numbers of the row are of."""


KEYS = tuple(Cell.__dataclass_fields__)


@dataclass(frozen=True)
class Parts:
    """Queries by what they are for."""

    training: tuple[SpanQuery, ...]
    """In a random order, of which each run takes the first ones."""
    validation: tuple[SpanQuery, ...]
    test: tuple[SpanQuery, ...]


def divide(queries: Sequence[SpanQuery], validation: int = fixed.VALIDATION, seed: int = fixed.SPLIT_SEED) -> Parts:
    """Take whole meetings from the training part until there are enough queries to validate on.

    Args:
        queries: of both splits.
        validation: how many are needed, at most ``VALIDATION_EACH`` of a meeting; its others are used for nothing.
        seed: of the order of the meetings, and of the training queries.
    """
    drawn = random.Random(seed)
    pool = [query for query in queries if query.split == "train"]
    meetings = sorted({query.meeting for query in pool})
    drawn.shuffle(meetings)
    held: list[SpanQuery] = []
    while len(held) < validation:
        line = meetings.pop()
        held += [query for query in pool if query.meeting == line][: fixed.VALIDATION_EACH]
    rest = [query for query in pool if query.meeting in set(meetings)]
    drawn.shuffle(rest)
    return Parts(tuple(rest), tuple(held[:validation]), tuple(query for query in queries if query.split == "test"))


def rate_cells() -> list[Cell]:
    """Every kind with every rate, on the small part."""
    return [Cell("rate", kind, fixed.MAIN, rate, fixed.SEEDS[0], fixed.RATE_STEPS, fixed.VALIDATION)
            for rate in fixed.RATES for kind in fixed.KINDS]  # fmt: skip


def test_cells(rates: dict[str, float], training: int, queries: int) -> list[Cell]:
    """All answers to the test queries, in the order in which they are made.

    Args:
        rates: the chosen one of each kind.
        training: how many queries to train on.
        queries: how many to answer.
    """
    copies = [Cell("test", system, queries=queries) for system in COPIES]
    plain = [Cell("test", "zero-shot", name, queries=queries) for name in fixed.INSTRUCTIONS]
    pairs = [[Cell("test", kind, fixed.MAIN, rates[kind], seed, training, queries) for kind in fixed.KINDS]
             for seed in fixed.SEEDS]  # fmt: skip
    return [*copies, plain[0], *pairs[0], *plain[1:], *(cell for pair in pairs[1:] for cell in pair)]


def chosen_rates(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The rate with the smallest validation loss, for each kind; of equal ones the smaller rate."""
    tried = [row for row in rows if row["part"] == "rate"]
    return {kind: min((row["loss"], row["rate"]) for row in tried if row["system"] == kind)[1] for kind in fixed.KINDS}


class Lab:
    """What the cells need: the weights, the queries, and a folder for runs that are under way.

    Args:
        weights: of the model.
        queries: of both splits.
        folder: keeps runs, so that a killed one goes on.
        adapters: where to save the adapters of the first seed, by kind; None for nowhere.
    """

    def __init__(self, weights: Path, queries: Sequence[SpanQuery], folder: Path, adapters: Path | None = None):
        self.weights, self.folder, self.adapters = weights, folder, adapters
        self.chat: Chat = load_chat(weights)
        self.parts = divide(queries)

    def run(self, cell: Cell) -> dict[str, Any]:
        """The row of a cell, with the seconds of processor time that it took, without what was done before a kill."""
        start = time.process_time()
        row = self._rate(cell) if cell.part == "rate" else self._test(cell)
        return asdict(cell) | row | {"seconds": round(time.process_time() - start, 1)}

    def _rate(self, cell: Cell) -> dict[str, Any]:
        model = load_pretrained(self.weights)
        losses = self._tune(model, cell)
        return {"loss": round(mean_loss(model, self._pairs(self.parts.validation)), 4), "losses": losses}

    def _test(self, cell: Cell) -> dict[str, Any]:
        queries, row = self.parts.test[: cell.queries], {}
        if cell.system in COPIES:
            texts = [COPIES[cell.system](query) for query in queries]
        else:
            model = load_pretrained(self.weights)
            if cell.training is not None:
                row["losses"] = self._tune(model, cell)
                model = self._with_adapter(cell, model)
            texts, row["tokens"] = write_answers(model, self.chat, queries, cell.instruction, title=cell.system)
        return row | {"texts": texts} | score_answers(queries, texts)

    def _tune(self, model: Decoder, cell: Cell) -> list[float]:
        """Train in bfloat16; the losses of the steps."""
        tuning = Tuning(cell.system, cell.rate, cell.seed, cell.training)
        pairs = self._pairs(self.parts.training[: cell.training])
        folder = self.folder / f"{cell.system}-{cell.rate:g}-{cell.seed}-{cell.training}"
        return [round(loss, 4) for loss in tuned(model.bfloat16(), pairs, tuning, folder)]

    def _with_adapter(self, cell: Cell, model: Decoder) -> Decoder:
        """The plain model in float32, with the adapter of a model in bfloat16 in its weights."""
        place = self.folder / f"{cell.system}-{cell.rate:g}-{cell.seed}-{cell.training}" / "adapter"
        if self.adapters is not None and cell.seed == fixed.SEEDS[0]:
            place = self.adapters / cell.system
        save_adapter(model, place, base_model=fixed.BASE)
        return merge(load_adapter(load_pretrained(self.weights), place))

    def _pairs(self, queries: Sequence[SpanQuery]) -> list[Pair]:
        return [(self.chat.prompt(query), self.chat.answer(query)) for query in queries]
