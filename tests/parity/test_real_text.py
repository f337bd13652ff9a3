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
from llmbook.experiments.results import read_result
from llmbook.real_weights import find_weights

PATH = find_weights("smollm2")


@pytest.mark.skipif(PATH is None, reason="needs real weights: run python -m llmbook.real_weights smollm2")
def test_the_stored_text_is_written_again():
    theirs = transformers.AutoModelForCausalLM.from_pretrained(PATH.parent, gguf_file=PATH.name, dtype=torch.float32)
    model = load_pretrained(PATH)
    rows = real_text.all_rows(model, load_tokenizer(PATH), load_chat_template(PATH),
                              model.special_ids.in_config["eos_token_id"], lambda ids: theirs(ids).logits)  # fmt: skip
    for row, stored in zip(rows, read_result("real_text")["rows"], strict=True):
        assert row.pop("difference") < 1e-4 and stored.pop("difference") < 1e-4
        if row["kind"] == "temperature":
            shares, kept = row.pop("probabilities"), stored.pop("probabilities")
            assert shares == pytest.approx(kept, abs=2e-4) and row.pop("others") == pytest.approx(
                stored.pop("others"), abs=2e-4)  # fmt: skip
        assert row == stored
