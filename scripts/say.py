"""Let a published model write, by this book's own code: `python scripts/say.py "The capital of France is"`

First fetch it, once: `python -m llmbook.real_weights smollm2` (93 MB, no account). The text comes as it is written.
With `--chat` it is an answer to what you say, by the model's own chat template. With `--reference` transformers
writes from the same file, beside it. With a temperature both draw, and their texts part; without one they are equal.
"""

import argparse
import sys

import torch

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.chat import encode_chat, load_chat_template
from llmbook.checkpoint.gguf import read_gguf, start_id
from llmbook.checkpoint.tokenizer import decode, encode, load_tokenizer
from llmbook.generation import stream
from llmbook.real_weights import find_weights

MODEL = "smollm2"


def arguments(given=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", help="what the model continues, or answers")
    parser.add_argument("--chat", action="store_true", help="answer the text instead of continuing it")
    parser.add_argument("--tokens", type=int, default=40, help="how many it adds at most; default: 40")
    parser.add_argument("--temperature", type=float, default=0.0, help="above 0: draw; default: take the likeliest")
    parser.add_argument("--seed", type=int, default=0, help="of the draws; default: 0")
    parser.add_argument("--repetition-penalty", type=float, default=1.0, help="above 1: repeat less; default: 1")
    parser.add_argument("--reference", action="store_true", help="let transformers write, too")
    return parser.parse_args(given)


def main(given=None):
    """Print a text, or two; return the exit status."""
    asked = arguments(given)
    path = find_weights(MODEL)
    if path is None:
        print(f"The model is not here yet. Fetch it first: python -m llmbook.real_weights {MODEL}", file=sys.stderr)
        return 1
    tokenizer, model = load_tokenizer(path), load_pretrained(path)
    settings = {"max_new_tokens": asked.tokens, "temperature": asked.temperature,
                "repetition_penalty": asked.repetition_penalty, "stop_ids": stop_ids(model)}  # fmt: skip
    try:
        ids = torch.tensor([prompt_ids(path, tokenizer, asked)])
        pieces = stream(model, tokenizer, ids, generator=torch.Generator().manual_seed(asked.seed), **settings)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    begun = "" if asked.chat else asked.text
    print("llmbook:     ", begun, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
    if asked.reference:
        print("transformers:", begun + decode(tokenizer, reference(path, ids, settings, asked.seed)))
    return 0


def prompt_ids(path, tokenizer, asked):
    """The ids of what the model reads."""
    if not asked.chat:
        return encode(tokenizer, asked.text, start_id(read_gguf(path)))
    messages = [{"role": "user", "content": asked.text}]
    return encode_chat(tokenizer, load_chat_template(path), messages, add_generation_prompt=True)


def stop_ids(model):
    """What ends a text, as the file says."""
    return [id_ for id_ in [model.special_ids.in_config["eos_token_id"]] if id_ is not None]


def reference(path, ids, settings, seed):
    """What transformers adds, from the same file."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    transformers.set_seed(seed)
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    drawn = {"do_sample": True, "temperature": settings["temperature"], "top_k": 0, "top_p": 1.0}
    made = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=settings["max_new_tokens"],
        repetition_penalty=settings["repetition_penalty"], eos_token_id=settings["stop_ids"] or None,
        pad_token_id=0, **(drawn if settings["temperature"] else {"do_sample": False}),
    )  # fmt: skip
    return made[0, ids.shape[1] :]


if __name__ == "__main__":
    sys.exit(main())
