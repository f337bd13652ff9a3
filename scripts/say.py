"""Let a published model write, by this book's own code: `python scripts/say.py "The capital of France is"`

First fetch it, once: `python -m llmbook.real_weights smollm2` (93 MB, no account). With `--reference` transformers
continues the same text from the same file, beside it; that needs the package gguf, which comes with the test extra.
"""

import argparse
import sys

import torch

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.gguf import read_gguf, start_id
from llmbook.checkpoint.tokenizer import decode, encode, load_tokenizer
from llmbook.generation import generate
from llmbook.real_weights import find_weights

MODEL = "smollm2"


def main(given=None):
    """Print a continuation, or two; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="what the model continues")
    parser.add_argument("--tokens", type=int, default=40, help="how many it adds at most; default: 40")
    parser.add_argument("--reference", action="store_true", help="let transformers continue the text, too")
    asked = parser.parse_args(given)
    path = find_weights(MODEL)
    if path is None:
        print(f"The model is not here yet. Fetch it first: python -m llmbook.real_weights {MODEL}", file=sys.stderr)
        return 1
    tokenizer = load_tokenizer(path)
    ids = torch.tensor([encode(tokenizer, asked.text, start_id(read_gguf(path)))])
    made = generate(load_pretrained(path), ids, max_new_tokens=asked.tokens)
    print("llmbook:     ", repr(decode(tokenizer, made[0])))
    if asked.reference:
        print("transformers:", repr(decode(tokenizer, reference(path, ids, asked.tokens)[0])))
    return 0


def reference(path, ids, tokens):
    """The greedy continuation of transformers from the same file."""
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    mask = torch.ones_like(ids)
    return model.generate(ids, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False)


if __name__ == "__main__":
    sys.exit(main())
