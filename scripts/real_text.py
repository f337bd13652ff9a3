"""Let a small published model write, and store what two pages show where its weights are not: a minute on one core.

    python -m llmbook.real_weights smollm2     # once: 93 MB, no account
    python scripts/real_text.py

Writes ``data/results/real_text.json``. The judge is transformers, which reads the same file.
"""

import sys
from importlib.metadata import version

import torch
import transformers

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.chat import load_chat_template
from llmbook.checkpoint.tokenizer import load_tokenizer
from llmbook.data import data_folder
from llmbook.experiments.real_text import all_rows
from llmbook.experiments.results import write_result
from llmbook.real_weights import CATALOG, find_weights

MODEL = "smollm2"
QUESTION = ("What does a published model answer in a chat, how does the temperature change its next word, and does a "
            "penalty end a circle? Would the reference have chosen each token that was written greedily?")  # fmt: skip


def main() -> int:
    """Write the file; return the exit status."""
    path = find_weights(MODEL)
    if path is None:
        print(f"The model is not here yet. Fetch it first: python -m llmbook.real_weights {MODEL}", file=sys.stderr)
        return 1
    model, tokenizer = load_pretrained(path), load_tokenizer(path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    words = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    rows = all_rows(
        model, tokenizer, load_chat_template(path), model.special_ids.in_config["eos_token_id"],
        lambda ids: theirs(ids).logits,
        lambda chat: words.apply_chat_template(chat, add_generation_prompt=True, return_dict=False),
    )  # fmt: skip
    for row in rows:
        row["difference"] = float(f"{row['difference']:.1e}")
    write_result(data_folder() / "results" / "real_text.json", command="python scripts/real_text.py",
                 question=QUESTION, rows=rows, model=CATALOG[MODEL].title, sha256=CATALOG[MODEL].sha256,
                 transformers=version("transformers"))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
