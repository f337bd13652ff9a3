"""Twenty answers that were read against their spans, statement by statement: how they were drawn, and what was found.

The protocol, which was written before any answer was read:

1. Ten meetings are drawn, and a query of each. Each query gives two samples: the zero-shot answer, and that of LoRA or
   of DoRA in turn, both of the first seed. The twenty are shuffled and shown without the names of the systems.
2. The span is the only witness. The reference is not looked at.
3. An answer is cut into statements: who said, thought, did or decided what, or what is so. A sentence may hold several;
   one that repeats an earlier one does not count again; an unfinished one counts for what it has said.
4. A statement is *supported* if the span says it or it follows from it, *contradicted* if the span says otherwise (the
   right words with the wrong person are that), *not in the span* if it says neither, and *empty* if there is nothing
   that could be checked.
5. In doubt between two, the milder for the answer is taken: supported before not in the span, and that before
   contradicted.
"""

import csv
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmbook.data import data_folder
from llmbook.meetings.qmsum_spans import SpanQuery

SEED, QUERIES = 0, 10
MARKS = ("supported", "not in the span", "contradicted", "empty")
STORED = "qmsum/hand_check.csv"
COLUMNS = ("sample", "query", "system", "statement", "mark", "reason")


@dataclass(frozen=True)
class Sample:
    """An answer to be read."""

    query: int
    """Place among the test queries."""
    system: str
    """``zero-shot``, ``LoRA`` or ``DoRA``."""


def draw_samples(queries: Sequence[SpanQuery], count: int = QUERIES, seed: int = SEED) -> list[Sample]:
    """Twice as many samples as queries, no two queries of one meeting, in the order in which they are read."""
    drawn = random.Random(seed)
    found = []
    for number, meeting in enumerate(drawn.sample(sorted({query.meeting for query in queries}), count)):
        place = drawn.choice([place for place, query in enumerate(queries) if query.meeting == meeting])
        found += [Sample(place, "zero-shot"), Sample(place, ("LoRA", "DoRA")[number % 2])]
    drawn.shuffle(found)
    return found


def sheet(samples: Sequence[Sample], queries: Sequence[SpanQuery], texts: Mapping[str, Sequence[str]]) -> str:
    """What the reader gets: question, span and answer of each sample, and not the name of a system.

    Args:
        samples: in the order of reading.
        queries: those of the test.
        texts: answers by system, in the order of the queries.
    """
    parts = [f"Sample {number}\nQuestion: {queries[sample.query].query}\n\n{queries[sample.query].span}\n\n"
             f"Answer: {texts[sample.system][sample.query]}"
             for number, sample in enumerate(samples, start=1)]  # fmt: skip
    return "\n\n----\n\n".join(parts)


def read_marks(path: Path | None = None) -> list[dict[str, str]]:
    """The stored marks, a row for each statement.

    Raises:
        ValueError: a row has other columns, or a mark that the protocol does not know.
    """
    with (path or data_folder() / STORED).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    for number, row in enumerate(rows, start=1):
        if tuple(row) != COLUMNS or row["mark"] not in MARKS:
            raise ValueError(f"row {number} has the columns {', '.join(map(str, row))}, not {', '.join(COLUMNS)}, or "
                             f"the mark {row.get('mark')!r}, not one of {', '.join(MARKS)}")  # fmt: skip
    return rows


def tally(rows: Sequence[Mapping[str, str]], systems: Sequence[str]) -> dict[str, int]:
    """How many statements of these systems have each mark."""
    counts = Counter(row["mark"] for row in rows if row["system"] in systems)
    return {mark: counts[mark] for mark in MARKS}


def supported_share(rows: Sequence[Mapping[str, str]], systems: Sequence[str]) -> dict[int, float]:
    """For each query, the share of the statements that can be checked and are supported; 0 where there are none."""
    found: dict[int, list[bool]] = {}
    for row in rows:
        if row["system"] in systems:
            held = found.setdefault(int(row["query"]), [])
            held += [row["mark"] == "supported"] if row["mark"] != "empty" else []
    return {query: sum(held) / len(held) if held else 0.0 for query, held in found.items()}
