"""Answers to queries: written by the model, or copied from the span; and what they score."""

import re
from collections.abc import Sequence

from tqdm import tqdm

from llmbook.chapters.tiny_titans.real_meetings.prompts import Chat, padded
from llmbook.chapters.tiny_titans.real_meetings.settings import LEAD_WORDS, NEW_TOKENS, WRITTEN_AT_ONCE
from llmbook.generation import generate, up_to_stop
from llmbook.meetings.qmsum_spans import SpanQuery
from llmbook.metrics.rouge import ROUGE_TYPES, rouge_scores
from llmbook.models.decoder import Decoder
from llmbook.training.modes import switched

SENTENCE_END = re.compile(r"(?<=[.?!]) +")


def write_answers(
    model: Decoder, chat: Chat, queries: Sequence[SpanQuery], instruction: str, *, title: str = ""
) -> tuple[list[str], list[int]]:
    """Greedy answers, in batches of similar length.

    Args:
        model: in float32, with its adapter merged if it has one.
        chat: its template.
        queries: what is asked.
        instruction: a key of ``INSTRUCTIONS``.
        title: in front of the bar that shows the progress.

    Returns:
        The texts, and how many tokens each has, its end included, if it ends by itself.
    """
    prompts = [chat.prompt(query, instruction) for query in queries]
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    texts, lengths = [""] * len(prompts), [0] * len(prompts)
    with switched(model, training=False), tqdm(total=len(prompts), desc=title, unit="answer", disable=None) as bar:
        for start in range(0, len(order), WRITTEN_AT_ONCE):
            places = order[start : start + WRITTEN_AT_ONCE]
            ids, mask = padded([prompts[place] for place in places], chat.end)
            made = generate(model, ids, max_new_tokens=NEW_TOKENS, stop_ids=chat.end, pad_id=chat.end,
                            attention_mask=mask)[:, ids.shape[1] :]  # fmt: skip
            for place, row in zip(places, up_to_stop(made, chat.end), strict=True):
                texts[place], lengths[place] = chat.text(row), len(row)
            bar.update(len(places))
    return texts, lengths


def lead(query: SpanQuery, words: int = LEAD_WORDS) -> str:
    """The first words of the span, without the names of the speakers."""
    return " ".join(" ".join(turn.text for turn in query.turns).split()[:words])


def oracle(query: SpanQuery, words: int = LEAD_WORDS) -> str:
    """Sentences of the span, chosen with the reference in sight: what copying can reach, up to the greed.

    One sentence after another is added, the one that makes the sum of ROUGE-1 and ROUGE-2 largest, as long as that
    helps and the whole stays within so many words; they are given in the order in which they were said.
    """
    sentences = sentences_of(query)
    chosen: list[int] = []
    best = 0.0
    while True:
        found = [(_worth(query, sentences, [*chosen, each]), each) for each in range(len(sentences))
                 if each not in chosen and _words(sentences, [*chosen, each]) <= words]  # fmt: skip
        worth, place = max(found, key=lambda pair: (pair[0], -pair[1]), default=(0.0, -1))
        if worth <= best:
            return _joined(sentences, chosen)
        best, chosen = worth, [*chosen, place]


def sentences_of(query: SpanQuery) -> list[str]:
    """What was said, cut behind full stops, question marks and exclamation marks."""
    return [part for turn in query.turns for part in SENTENCE_END.split(turn.text) if part.strip()]


def score_answers(queries: Sequence[SpanQuery], texts: Sequence[str]) -> dict[str, list[float]]:
    """F of each kind of ROUGE, one number for each query; a sentence is a line for ROUGE-Lsum."""
    scored = [rouge_scores(lined(query.answer), lined(text)) for query, text in zip(queries, texts, strict=True)]
    return {kind: [round(score[kind].fmeasure, 4) for score in scored] for kind in ROUGE_TYPES}


def lined(text: str) -> str:
    """One sentence a line."""
    return "\n".join(SENTENCE_END.split(text.strip()))


def _worth(query: SpanQuery, sentences: Sequence[str], chosen: list[int]) -> float:
    score = rouge_scores(query.answer, _joined(sentences, chosen))
    return score["rouge1"].fmeasure + score["rouge2"].fmeasure


def _words(sentences: Sequence[str], chosen: list[int]) -> int:
    return len(_joined(sentences, chosen).split())


def _joined(sentences: Sequence[str], chosen: list[int]) -> str:
    return " ".join(sentences[place] for place in sorted(chosen))
