"""What a small published model writes: an answer in a chat, and its next word and its circles under several settings.

The functions take a model, so that a page can run them where the weights are; the results of one run are stored in
``data/results/real_text.json``. A judge, which is the same model in another library, reads each text that was written
greedily. If it would choose the same token at every position, it would have written the same text after these ids.
"""

from collections.abc import Callable
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from llmbook.checkpoint.chat import ChatTemplate, encode_chat
from llmbook.checkpoint.chat.template import Message
from llmbook.debug import relative_difference
from llmbook.generation import generate, next_token_probabilities, penalize_repetition, stream
from llmbook.models import Decoder

QUESTION = "What is the capital of France?"
PROMPT = "The capital of France is"
CIRCLE = "Ana opened the meeting, and"
PROMPTS = (CIRCLE, "Ben: Quinn, can you", "The chair said:", "The meeting was about the budget, and",
           "The main points of the meeting were")  # fmt: skip
"""All that were tried. The first is the one whose greedy text runs in a circle, and gets the other penalties, too."""
TEMPERATURES = (0.5, 1.0, 2.0)
SHOWN = 5
"""How many of the likeliest tokens are kept."""
PENALTIES = (1.0, 1.1, 1.3)
ANSWER, LENGTH, RUN = 24, 56, 3
"""New tokens of the answer and of the longer texts; the length of the runs that are counted."""

Judge = Callable[[Tensor], Tensor]
"""From ids ``(1, T)`` to logits ``(1, T, V)``."""
Reader = Callable[[list[Message]], list[int]]
"""From a chat to its ids, with the beginning of an answer at the end."""
Row = dict[str, Any]


def chat_row(
    model: Decoder, tokenizer: Tokenizer, template: ChatTemplate, stop_id: int, judge: Judge | None = None,
    reader: Reader | None = None,
) -> Row:  # fmt: skip
    """A question, the pieces of its answer as they came, what the judge says, and whether its reader has the same ids.

    The judge reads our ids, so it cannot know whether they are those of the question. A reader can: it is the other
    library's own tokenizer, with its own way to run the template.
    """
    messages = [{"role": "user", "content": QUESTION}]
    ids = torch.tensor([encode_chat(tokenizer, template, messages, add_generation_prompt=True)])
    settings = {"max_new_tokens": ANSWER, "stop_ids": stop_id}
    pieces = list(stream(model, tokenizer, ids, **settings))
    made = generate(model, ids, **settings)
    read = {} if reader is None else {"same_ids": reader(messages) == ids[0].tolist()}
    return {"kind": "chat", "question": QUESTION, "prompt_tokens": ids.shape[1], **read, "pieces": pieces,
            "text": tokenizer.decode(made[0, ids.shape[1] :].tolist()),
            **judged(model, made, ids.shape[1], judge)}  # fmt: skip


@torch.inference_mode()
def temperature_rows(model: Decoder, tokenizer: Tokenizer, judge: Judge | None = None) -> list[Row]:
    """For each temperature the likeliest next tokens, with their probabilities and that of all others together."""
    ids = torch.tensor([tokenizer.encode(PROMPT, add_special_tokens=False).ids])
    logits = model(ids)[:, -1]
    said = {} if judge is None else {"difference": relative_difference(logits, judge(ids)[:, -1])}
    rows = []
    for temperature in TEMPERATURES:
        found = next_token_probabilities(logits, temperature=temperature)[0].topk(SHOWN)
        tokens = [tokenizer.decode([id_]) for id_ in found.indices.tolist()]
        shares = [round(share, 4) for share in found.values.tolist()]
        rows.append({"kind": "temperature", "prompt": PROMPT, "temperature": temperature, "tokens": tokens,
                     "probabilities": shares, "others": round(1 - sum(found.values.tolist()), 4), **said})  # fmt: skip
    return rows


def circle_rows(model: Decoder, tokenizer: Tokenizer, stop_id: int, judge: Judge | None = None) -> list[Row]:
    """For each prompt and penalty what the model writes, and how many of its runs of tokens are different ones."""
    rows = []
    for prompt, penalty in [(CIRCLE, each) for each in PENALTIES] + [(each, 1.0) for each in PROMPTS[1:]]:
        ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False).ids])
        made = generate(model, ids, max_new_tokens=LENGTH, stop_ids=stop_id, repetition_penalty=penalty)
        written = made[0, ids.shape[1] :].tolist()
        runs = [tuple(written[start : start + RUN]) for start in range(len(written) - RUN + 1)]
        rows.append({"kind": "circle", "prompt": prompt, "penalty": penalty, "text": tokenizer.decode(written),
                     "runs": len(runs), "different_runs": len(set(runs)),
                     **judged(model, made, ids.shape[1], judge, penalty)})  # fmt: skip
    return rows


@torch.inference_mode()
def judged(model: Decoder, made: Tensor, start: int, judge: Judge | None, penalty: float = 1.0) -> Row:
    """At how many positions of a text the judge chooses what stands there, and how far its logits are from ours."""
    if judge is None:
        return {}
    theirs, chosen = judge(made), 0
    for position in range(start, made.shape[1]):
        logits = penalize_repetition(theirs[:, position - 1], made[:, :position], penalty)
        chosen += int(logits.argmax(-1) == made[0, position])
    return {"new_tokens": made.shape[1] - start, "chosen_by_judge": chosen,
            "difference": relative_difference(model(made), theirs)}  # fmt: skip


def all_rows(
    model: Decoder, tokenizer: Tokenizer, template: ChatTemplate, stop_id: int, judge: Judge | None = None,
    reader: Reader | None = None,
) -> list[Row]:  # fmt: skip
    """Everything."""
    return [chat_row(model, tokenizer, template, stop_id, judge, reader), *temperature_rows(model, tokenizer, judge),
            *circle_rows(model, tokenizer, stop_id, judge)]  # fmt: skip
