"""The tokenizer of a GGUF file is the one that its vocabulary and merges came from, by every cut that has a name."""

import json

import gguf
import pytest
import transformers
from gguf_files import write_tokenizer
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.gguf import chat_template, read_gguf, start_id, tokenizer
from llmbook.checkpoint.tokenizer import decode, encode_batch, load_tokenizer

SENTENCES = [
    "Ana opened the meeting at 9 and read the agenda of 2024.", "It's 1234567 euros, isn't it? We'll see; they'd know.",
    "x = 10\n  y = 200\n\n    z = 3000\t# numbers", "Théâtre “fine” naïve café, ÉCOLE école", "日本語 Привет مرحبا",
    "(the) (the) (the) .the .the .the",
]  # fmt: skip
HARD = [
    "", " ", "   ", "a", " a ", "the meeting", "meeting 1234567890", "  12   345\t6\n\n 7",
    "It's WE'LL they'D", "x=1;\r\n\r\ny", "(the) (the .the",
    "Théâtre e\u0301", "“fine” … ①½Ⅳ", "日本語のテキスト 12", "👩‍👩‍👧 🇫🇷", 
    "<|end|>the<|end|>", "<|end|> 12<tool>7", "<|end", "\x00\u200b",
]  # fmt: skip
LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)


def byte_level(**options):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, **options)


CUTS = {
    "gpt-2": byte_level,
    "olmo": byte_level,
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()]),
    "dbrx": lambda: pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LLAMA_3), behavior="isolated"), byte_level(use_regex=False)]
    ),
}


def trained(cut):
    """A byte-level tokenizer that learned its merges behind a cut."""
    found = Tokenizer(models.BPE())
    found.pre_tokenizer, found.decoder = CUTS[cut](), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<|end|>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())  # fmt: skip
    found.train_from_iterator(SENTENCES * 3, trainer)
    found.add_tokens(["<tool>"])
    return found


def written(path, write):
    """A file that holds fields alone."""
    writer = gguf.GGUFWriter(path, "llama")
    write(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def small(tmp_path):
    """Writes the tokenizer that learned behind a cut, under a name for it."""

    def write(cut, name=None, more=lambda writer: None):
        made = trained(cut)

        def fill(writer):
            write_tokenizer(writer, made, name or cut, special=("<|end|>",), whole=("<tool>",))
            more(writer)

        return made, written(tmp_path / "t.gguf", fill)

    return write


@pytest.mark.parametrize("cut", CUTS)
def test_every_text_has_the_tokens_of_the_original(cut, small):
    wanted, path = small(cut)
    found = load_tokenizer(path)
    assert found.get_vocab(with_added_tokens=True) == wanted.get_vocab(with_added_tokens=True)
    for text in HARD + SENTENCES:
        assert found.encode(text).ids == wanted.encode(text, add_special_tokens=False).ids, text
        assert found.decode(found.encode(text).ids, skip_special_tokens=False) == text


SWAPPED = [("smollm", "gpt-2"), ("gpt-2", "smollm"), ("dbrx", "olmo"), ("olmo", "dbrx")]


@pytest.mark.parametrize(("cut", "name"), SWAPPED)
def test_another_cut_is_noticed(cut, name, small):
    """The twin."""
    wanted, path = small(cut, name)
    found = load_tokenizer(path)
    assert any(found.encode(text).ids != wanted.encode(text).ids for text in HARD + SENTENCES)


def test_special_tokens_are_found_whole_and_left_out(small):
    wanted, path = small("smollm")
    found, end = load_tokenizer(path), wanted.token_to_id("<|end|>")
    ids = found.encode("a<|end|><tool>").ids
    assert ids[-2:] == [end, wanted.token_to_id("<tool>")]
    assert decode(found, ids) == "a<tool>" and decode(found, ids, skip_special=False) == "a<|end|><tool>"
    batch, real = encode_batch(found, ["a", "the meeting"], bos_id=end, pad_id=end)
    assert batch[:, 0].tolist() == [end, end] and real.sum() < real.numel()


def test_a_word_that_is_a_token_needs_no_merges(tmp_path):
    """Llama 3: what the merges do not reach is a token all the same."""
    vocabulary = {"a": 0, "b": 1, "c": 2, "abc": 3, "ab": 4}
    made = Tokenizer(models.BPE(vocabulary, [("a", "b")]))
    paths = [written(tmp_path / f"{name}.gguf", lambda writer, name=name: write_tokenizer(writer, made, name))
             for name in ("llama-bpe", "dbrx")]  # fmt: skip
    assert [load_tokenizer(path).encode("abc").ids for path in paths] == [[3], [4, 2]]


# SentencePiece's kind

PIECES = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), *[(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)],
          ("▁t", -0.0, 1), ("he", -1.0, 1), ("▁the", -2.0, 1), ("in", -3.0, 1), ("ing", -4.0, 1), ("▁m", -5.0, 1),
          ("ee", -6.0, 1), ("▁mee", -7.0, 1), ("▁meet", -8.0, 1), ("▁▁", -9.0, 1),
          *[(letter, -10.0 - place, 1) for place, letter in enumerate("▁themingaé")],
          ("me", -30.0, 1), ("<chat>", 0.0, 4)]  # fmt: skip


def sentencepiece(writer, pieces=PIECES):
    writer.add_tokenizer_model("llama")
    writer.add_token_list([piece for piece, _, _ in pieces])
    writer.add_token_scores([score for _, score, _ in pieces])
    writer.add_token_types([kind for _, _, kind in pieces])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


TEXTS = ["the meeting", "them  the", "hé", "日本", "", "mee ing thethe", "T1"]


def test_scores_stand_for_merges(tmp_path):
    """Worked by hand: the pair of the best score is joined first."""
    path = written(tmp_path / "s.gguf", sentencepiece)
    found = load_tokenizer(path)
    assert found.encode("the meeting").tokens == ["▁the", "▁meet", "ing"]
    assert found.encode("hé").tokens == ["▁", "h", "é"]
    assert found.encode("日").tokens == ["▁", "<0xE6>", "<0x97>", "<0xA5>"]
    assert [found.decode(found.encode(text).ids) for text in ("the meeting", "hé 日本")] == ["the meeting", "hé 日本"]
    assert found.encode(" in").tokens == ["▁▁", "in"]
    assert found.encode("the<chat>the").tokens == ["▁the", "<chat>", "▁the"]
    assert start_id(read_gguf(path)) == 1  # SentencePiece's begin with BOS, said or not


def test_the_reference_reads_the_same_tokens(tmp_path):
    """Save for a text that begins with a space: SentencePiece puts one more in front, and transformers 5 does not."""
    path = written(tmp_path / "s.gguf", sentencepiece)
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path, gguf_file=path.name).backend_tokenizer
    found = load_tokenizer(path)
    for text in TEXTS:
        assert found.encode(text).ids == reference.encode(text, add_special_tokens=False).ids, text


def test_scores_in_another_order_are_noticed(tmp_path):
    """The twin: joined by the worst score first, the words fall apart elsewhere."""
    turned = [(piece, -score, kind) for piece, score, kind in PIECES]
    path = written(tmp_path / "s.gguf", lambda writer: sentencepiece(writer, turned))
    assert load_tokenizer(path).encode("the meeting").tokens != ["▁the", "▁meet", "ing"]


# What a file says wrongly, or not at all


@pytest.mark.parametrize(("write", "said"), [
    (lambda w: w.add_tokenizer_model("bert"), r"tokenizer\.ggml\.model is 'bert', and this book reads 'gpt2' and"),
    (lambda w: w.add_tokenizer_model("gpt2"), r"has no list of texts tokenizer\.ggml\.tokens"),
    (lambda w: (w.add_tokenizer_model("gpt2"), w.add_token_list(["a"]), w.add_tokenizer_pre("x")), "pre is 'x', and"),
    (lambda w: (w.add_tokenizer_model("gpt2"), w.add_token_list(["a", "a"])), "two tokens of one name"),
    (lambda w: (w.add_tokenizer_model("gpt2"), w.add_token_list(["a", "b"]), w.add_tokenizer_pre("olmo"),
                w.add_token_merges(["a b"])), "its tokenizer is damaged"),
    (lambda w: (w.add_tokenizer_model("gpt2"), w.add_token_list(["a", "b"]), w.add_tokenizer_pre("olmo"),
                w.add_token_merges(["ab"])), "the merge 'ab' is not two parts"),
    (lambda w: (w.add_tokenizer_model("llama"), w.add_token_list(["a", "b"]), w.add_token_scores([0.0])),
     "as many .*scores as tokens"),
    (lambda w: (w.add_tokenizer_model("llama"), w.add_token_list(["a"]), w.add_token_scores([0.0]),
                w.add_token_types([1, 1])), "as many .*token_type as tokens"),
])  # fmt: skip
def test_what_is_wrong_is_said(write, said, tmp_path):
    path = written(tmp_path / "x.gguf", write)
    with pytest.raises(CheckpointError, match=said) as raised:
        load_tokenizer(path)
    assert str(path) in str(raised.value)


def test_beginnings_and_templates(small, tmp_path):
    def said(more):
        return read_gguf(small("olmo", more=more)[1])

    assert start_id(said(lambda w: w.add_bos_token_id(3))) is None
    assert start_id(said(lambda w: (w.add_bos_token_id(3), w.add_add_bos_token(True)))) == 3
    llama_3 = read_gguf(small("dbrx", "llama-bpe", lambda w: w.add_bos_token_id(3))[1])
    assert start_id(llama_3) == 3  # which says neither way
    assert chat_template(said(lambda w: None)) is None
    assert chat_template(said(lambda w: w.add_chat_template("{{x}}"))) == "{{x}}"
    with pytest.raises(CheckpointError, match="chat_template must be a text, not 3"):
        chat_template(said(lambda w: w.add_uint32("tokenizer.chat_template", 3)))
    with pytest.raises(CheckpointError, match="add_bos_token must be true or false, not 3"):
        start_id(said(lambda w: w.add_uint32("tokenizer.ggml.add_bos_token", 3)))


def test_every_named_cut_is_one(small):
    for name, made in tokenizer.CUTS.items():
        assert made().pre_tokenize_str("the 12"), name
    assert set(tokenizer.LLAMA_3) | set(CUTS) < set(tokenizer.CUTS)
    assert json.loads(load_tokenizer(small("olmo")[1]).to_str())["model"]["type"] == "BPE"
