"""A real published model, SmolLM2-135M-Instruct in four bits: loaded, cut into tokens and continued as by transformers.

These tests need the file that ``python -m llmbook.real_weights smollm2`` fetches, and skip where it is not.
"""

import os

import pytest
import torch
import transformers
from same_text import decoder_logits, same_text
from tokenizers import pre_tokenizers

from llmbook.checkpoint import load_pretrained
from llmbook.checkpoint.gguf import chat_template, read_gguf, start_id
from llmbook.checkpoint.gguf.tensors import GGUFTensor
from llmbook.checkpoint.tokenizer import decode, encode, load_tokenizer
from llmbook.debug import relative_difference
from llmbook.generation import generate
from llmbook.layers.block_linear import BlockLinear
from llmbook.real_weights import CATALOG, find_weights
from llmbook.real_weights.fetch import sha256

PATH = find_weights("smollm2")
pytestmark = pytest.mark.skipif(PATH is None, reason="needs real weights: run python -m llmbook.real_weights smollm2")
PROMPTS = [
    "The capital of France is",
    "<|im_start|>user\nWhat is a cache? One sentence.<|im_end|>\n<|im_start|>assistant\n",
    "def fibonacci(n):\n    ",
]
NEW = 40
HARD = [
    "", " ", "  ", "a", " a", "a ", "Hello, world!", "don't we'll I'm they've", "1234567890", "3.14159 and 2,718,281",
    "year 2024, room 7b", "x=1;y=22;z=333", "tab\tand\nnew\r\nlines\n\n\n  indented", "naïve café Ångström",
    "日本語のテキスト",
    "Привет, мир", "مرحبا بالعالم", "👩‍👩‍👧 🇫🇷 ✈️", "e\u0301 and é", "\u200b\ufeff\u00a0", "①②③½", "𝒳𝒴", "a" * 200,
    "<|im_start|>user\nhi<|im_end|>", "<|endoftext|><|im_start|>", "<|im_start |>", "'s 'S ’s", "foo_bar.baz(qux)[0]",
    "snake_case camelCase SCREAMING", "http://example.org/?a=1&b=2#c", "\x00\x01\x7f", "ﬁ ﬂ ſ", "ĠĊ Ġthe",
]  # fmt: skip
DIGITS_AFTER_SPACES = ["① ½ Ⅳ ٣", "  2", "a    34 b", "\t5", "x =  7\n  8", "1 2  3   4"]


@pytest.fixture(scope="module")
def ours():
    return load_pretrained(PATH)


@pytest.fixture(scope="module")
def theirs():
    return transformers.AutoModelForCausalLM.from_pretrained(PATH.parent, gguf_file=PATH.name, dtype=torch.float32)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(PATH)


@pytest.fixture(scope="module")
def reference():
    """transformers' tokenizer of this file, which knows its vocabulary and not its cut."""
    return transformers.AutoTokenizer.from_pretrained(PATH.parent, gguf_file=PATH.name).backend_tokenizer


def ids_of(tokenizer, text):
    return torch.tensor([encode(tokenizer, text, None)])


@torch.inference_mode()
def test_the_sizes_and_every_number_are_those_of_the_reference(ours, theirs):
    said = theirs.config
    assert (ours.config.layers, ours.config.heads, ours.config.kv_heads) == (30, 9, 3)
    assert (ours.config.width, ours.config.vocab_size) == (said.hidden_size, said.vocab_size) == (576, 49_152)
    found = dict(ours.named_parameters())
    assert sum(tensor.numel() for tensor in found.values()) == 134_515_008
    wanted = dict(theirs.named_parameters())
    assert torch.equal(found["embed_tokens.weight"], wanted["model.embed_tokens.weight"])
    for layer in range(30):
        for name in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.down_proj"):
            place = f"layers.{layer}.{name}.weight"
            assert torch.equal(found[place], wanted[f"model.{place}"]), place


@pytest.mark.parametrize("prompt", PROMPTS)
def test_equal_logits_and_the_same_forty_tokens(ours, theirs, tokenizer, prompt):
    ids = ids_of(tokenizer, prompt)
    with torch.inference_mode():
        assert relative_difference(ours(ids), theirs(ids).logits) < 1e-4
    made = generate(ours, ids, max_new_tokens=NEW)
    expected = theirs.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW,
                               do_sample=False, eos_token_id=None)  # fmt: skip
    assert made.shape == expected.shape == (1, ids.shape[1] + NEW)
    assert same_text(made, expected, decoder_logits(ours), start=ids.shape[1])
    assert len(set(made[0, ids.shape[1] :].tolist())) > 8


def test_it_knows_the_capital_of_france(ours, tokenizer):
    assert "Paris" in decode(tokenizer, generate(ours, ids_of(tokenizer, PROMPTS[0]), max_new_tokens=3)[0])


def test_rows_that_stay_as_they_lie_are_noticed(theirs, tokenizer, monkeypatch):
    """The twin. The capital of France survives it, and so would a test that asks for no more."""
    monkeypatch.setattr(GGUFTensor, "order", lambda tensor: None)
    ids = ids_of(tokenizer, PROMPTS[0])
    lost = load_pretrained(PATH)
    with torch.inference_mode():
        assert relative_difference(lost(ids), theirs(ids).logits) > 0.1


def test_kept_blocks_say_the_same_in_a_quarter_of_the_memory(ours, tokenizer):
    kept, ids = load_pretrained(PATH, keep_quantized=True), ids_of(tokenizer, PROMPTS[0])
    assert sum(isinstance(layer, BlockLinear) for layer in kept.modules()) == 210
    assert torch.equal(generate(kept, ids, max_new_tokens=8), generate(ours, ids, max_new_tokens=8))
    linear = sum(layer.in_features * layer.out_features for layer in kept.modules() if isinstance(layer, BlockLinear))
    assert sum(buffer.numel() for buffer in kept.buffers()) == linear * 20 // 32  # Q4_1: 20 bytes for 32 weights


@pytest.mark.parametrize("text", HARD)
def test_tokens_are_those_of_the_reference(text, tokenizer, reference):
    wanted = reference.encode(text, add_special_tokens=False).ids
    assert tokenizer.encode(text, add_special_tokens=False).ids == wanted
    assert tokenizer.decode(wanted, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", HARD + DIGITS_AFTER_SPACES)
def test_digits_are_cut_one_by_one_before_anything_else(text, tokenizer, reference):
    """The published cut of SmolLM2: single digits, then GPT-2's words. The file has only its name, "smollm"."""
    published = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    reference = type(reference).from_str(reference.to_str())
    reference.pre_tokenizer = pre_tokenizers.Sequence(published)
    assert tokenizer.encode(text).ids == reference.encode(text, add_special_tokens=False).ids


def test_another_cut_is_noticed(tokenizer):
    """The twin: GPT-2's cut alone leaves a digit the space before it."""
    gpt2 = type(tokenizer).from_str(tokenizer.to_str())
    gpt2.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    differing = [text for text in DIGITS_AFTER_SPACES if gpt2.encode(text).ids != tokenizer.encode(text).ids]
    assert len(differing) >= 3


def test_special_ids_and_the_chat(ours, theirs):
    gguf = read_gguf(PATH)
    assert start_id(gguf) is None  # it names a BOS and says that texts do not begin with it
    assert ours.special_ids.in_config == {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    reference = transformers.AutoTokenizer.from_pretrained(PATH.parent, gguf_file=PATH.name)
    assert chat_template(gguf) == reference.chat_template and "<|im_start|>" in reference.chat_template


def test_the_catalog_tells_this_file():
    assert CATALOG["smollm2"].size == os.path.getsize(PATH) and PATH.name == CATALOG["smollm2"].file
    assert sha256(PATH) == CATALOG["smollm2"].sha256
