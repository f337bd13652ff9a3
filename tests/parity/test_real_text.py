"""The stored text of a real model is what it writes today, and what transformers would write from the same file.

Needs the file that ``python -m llmbook.real_weights smollm2`` fetches, and skips where it is not.
"""

import pytest
import torch
import transformers

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.chat import load_chat_template
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.experiments import real_text
from llmbook.experiments.results import read_result, select
from llmbook.real_weights import find_weights

PATH = find_weights("smollm2")


@pytest.mark.skipif(PATH is None, reason="needs real weights: run python -m llmbook.real_weights smollm2")
def test_the_stored_text_is_written_again():
    theirs = transformers.AutoModelForCausalLM.from_pretrained(PATH.parent, gguf_file=PATH.name, dtype=torch.float32)
    words = transformers.AutoTokenizer.from_pretrained(PATH.parent, gguf_file=PATH.name)
    model = load_pretrained(PATH)
    rows = real_text.all_rows(
        model, load_tokenizer(PATH), load_chat_template(PATH), model.special_ids.in_config["eos_token_id"],
        lambda ids: theirs(ids).logits,
        lambda chat: words.apply_chat_template(chat, add_generation_prompt=True, return_dict=False),
    )  # fmt: skip
    for row, stored in zip(rows, read_result("real_text")["rows"], strict=True):
        assert row.pop("difference") < 1e-4 and stored.pop("difference") < 1e-4
        if row["kind"] == "temperature":
            shares, kept = row.pop("probabilities"), stored.pop("probabilities")
            assert shares == pytest.approx(kept, abs=2e-4) and row.pop("others") == pytest.approx(
                stored.pop("others"), abs=2e-4)  # fmt: skip
        assert row == stored


@pytest.mark.skipif(PATH is None, reason="needs real weights: run python -m llmbook.real_weights smollm2")
def test_transformers_writes_the_stored_circles_with_its_own_loop_and_penalty():
    """The judge of the stored rows is asked with our penalty; here nothing is ours but the prompt and the result."""
    theirs = transformers.AutoModelForCausalLM.from_pretrained(PATH.parent, gguf_file=PATH.name, dtype=torch.float32)
    words = transformers.AutoTokenizer.from_pretrained(PATH.parent, gguf_file=PATH.name)
    for row in select(read_result("real_text")["rows"], prompt=real_text.CIRCLE, kind="circle"):
        ids = words(row["prompt"], return_tensors="pt").input_ids
        made = theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=real_text.LENGTH,
                               do_sample=False, repetition_penalty=row["penalty"])  # fmt: skip
        assert words.decode(made[0, ids.shape[1] :], skip_special_tokens=True) == row["text"]
