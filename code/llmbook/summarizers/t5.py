"""A T5 that summarizes: the loss it learns from, and the summaries it writes, of a whole meeting or of its pieces."""

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.generation.encoder_decoder import generate_t5
from llmbook.meetings.meeting import Meeting
from llmbook.metrics.rouge_tokens import check_texts
from llmbook.models.t5 import T5
from llmbook.models.t5_training import sequence_loss, shift_right
from llmbook.summarizers.seq2seq import Batch, Pair, chunks, collate, encode, pad_id_of, prompt


def summary_loss(model: T5, batch: Batch) -> Tensor:
    """Mean cross-entropy of the summaries' tokens, in nats; the decoder reads them one place later."""
    c = model.config
    decoder_ids = shift_right(batch.labels, start_id=c.start_id, pad_id=c.pad_id)
    return sequence_loss(model(batch.input_ids, decoder_ids, attention_mask=batch.attention_mask), batch.labels)


def write(
    model: T5, tokenizer: Tokenizer, prompts: Sequence[str], *, context: int | None = None, max_new_tokens: int = 96,
    beams: int = 1, batch_size: int = 32,
) -> list[str]:  # fmt: skip
    """The model's output for each prompt, in the order of the prompts.

    Args:
        model: a T5 whose ids are the tokenizer's.
        tokenizer: of the model.
        prompts: what to read.
        context: tokens of a prompt that are read; the rest of a longer one is lost. None reads everything.
        max_new_tokens: where an output ends at the latest.
        beams: 1 is greedy.
        batch_size: prompts that are read together; those of like length are.

    Raises:
        TypeError: one prompt instead of a list.
        ValueError: a prompt is empty, or the context leaves no room.
    """
    prompts = check_texts(prompts, "prompts")
    pad = pad_id_of(tokenizer)
    sources = [encode(tokenizer, text, context) for text in prompts]
    order = sorted(range(len(sources)), key=lambda index: len(sources[index]))
    texts = [""] * len(sources)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = collate([Pair(sources[row], [model.config.stop_id]) for row in rows], pad)
        found = generate_t5(model, batch.input_ids, attention_mask=batch.attention_mask, max_new_tokens=max_new_tokens,
                            beams=beams)  # fmt: skip
        for row, text in zip(rows, tokenizer.decode_batch(found.tolist(), skip_special_tokens=True), strict=True):
            texts[row] = text
    return texts


def summarize(
    model: T5, tokenizer: Tokenizer, meetings: Sequence[Meeting], instruction: str = "long", **options: int | None
) -> list[str]:
    """A summary of each meeting, cut to the context; options are those of :func:`write`."""
    prompts = [prompt(meeting.transcript, instruction) for meeting in meetings]
    return write(model, tokenizer, prompts, **options)


def summarize_in_chunks(
    model: T5, tokenizer: Tokenizer, meetings: Sequence[Meeting], instruction: str = "long", *, context: int,
    **options: int,
) -> list[str]:  # fmt: skip
    """Read each meeting in pieces of whole turns that fit into the context, and join what is written about them.

    A line that stands in the joined summary already is left out, and so is a second sentence about the topic: only
    the first piece holds the opening, where the topic is named.
    """
    parts = [chunks(meeting, tokenizer, instruction, context) for meeting in meetings]
    written = iter(write(model, tokenizer, [part for each in parts for part in each], context=context, **options))
    return [merge([next(written) for _ in each]) for each in parts]


def merge(summaries: Sequence[str]) -> str:
    """One summary out of those of the pieces: their lines in order, none twice, and only one that names the topic.

    Raises:
        TypeError: a str instead of a list of them.
        ValueError: there is no summary.
    """
    summaries = check_texts(summaries, "summaries")
    if not summaries:
        raise ValueError("there is no summary to merge; a meeting has at least one piece")
    lines = summaries[0].splitlines()
    for summary in summaries[1:]:
        lines += [line for line in summary.splitlines() if not line.startswith("The meeting was about")]
    return "\n".join(dict.fromkeys(lines))


def token_accuracy(model: T5, batch: Batch) -> float:
    """The share of tokens that the model would write next, given the right ones before: cheap, and no summary."""
    c, real = model.config, batch.labels >= 0
    with torch.inference_mode():
        decoder_ids = shift_right(batch.labels, start_id=c.start_id, pad_id=c.pad_id)
        best = model(batch.input_ids, decoder_ids, attention_mask=batch.attention_mask).argmax(-1)
    return (best[real] == batch.labels[real]).float().mean().item()
