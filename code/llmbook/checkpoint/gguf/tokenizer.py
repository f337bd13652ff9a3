"""The tokenizer of a GGUF file, from its fields: the vocabulary, the merges, the kinds of tokens, a name for the rest.

How a text is cut before the merges is not in the file. It is a name, ``tokenizer.ggml.pre``, and what it means is in
the code of llama.cpp; here it is a table of those names that this book knows. With the wrong one most texts get the
right tokens all the same, and digits, capitals or runs of spaces do not; so an unknown name is refused.

SentencePiece's vocabularies have a score for each token and no merges. The merges follow: two neighbors become one
token if that exists, the one of the best score first.
"""

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from llmbook.checkpoint.gguf.file import GGUF
from llmbook.checkpoint.gguf.special_ids import LLAMA_3, MODEL, PRE, PREFIX, TOKENS
from llmbook.checkpoint.hub import CheckpointError
from llmbook.strict_json import shown

MERGES, SCORES, KINDS = f"{PREFIX}merges", f"{PREFIX}scores", f"{PREFIX}token_type"
UNKNOWN, SPACE_FIRST = f"{PREFIX}unknown_token_id", f"{PREFIX}add_space_prefix"
CONTROL, USER_DEFINED = 3, 4
MARK = "\u2581"  # what SentencePiece writes for a space
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
"""How Llama 3 and OLMo 2 cut a text: like GPT-2, but digits in threes, and a line's end stays with what it ends."""


def _like_gpt2() -> pre_tokenizers.PreTokenizer:
    """Words with the space before them, numbers, signs, spaces."""
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _in_threes() -> pre_tokenizers.PreTokenizer:
    """What cuts by ``WORDS``."""
    split = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _digit_by_digit() -> pre_tokenizers.PreTokenizer:
    """As GPT-2, with every digit by itself."""
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _like_gpt2()])


CUTS = {
    **dict.fromkeys(("gpt-2", "gpt2", "olmo", "mpt"), _like_gpt2),
    **dict.fromkeys(("smollm", "starcoder", "refact", "command-r", "codeshell"), _digit_by_digit),
    **dict.fromkeys((*LLAMA_3, "dbrx", "smaug-bpe"), _in_threes),
}
"""By the name of a cut: what makes it."""


def gguf_tokenizer(gguf: GGUF) -> Tokenizer:
    """The tokenizer of a file. It adds no BOS; see :func:`llmbook.checkpoint.gguf.start_id`.

    Raises:
        CheckpointError: the file has none, one of a kind or a cut that this book does not know, or a damaged one.
    """
    kind = gguf.fields.get(MODEL)
    if kind not in ("gpt2", "llama"):
        raise CheckpointError(f"{gguf.path}: {MODEL} is {shown(kind)}, and this book reads 'gpt2' and 'llama'")
    tokens = _texts(gguf, TOKENS)
    if len(set(tokens)) < len(tokens):
        raise CheckpointError(f"{gguf.path} has two tokens of one name; it is damaged")
    try:
        tokenizer = (_byte_level if kind == "gpt2" else _sentencepiece)(gguf, tokens)
    except (CheckpointError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library raises a bare Exception, and of a panic in it not even that
        raise CheckpointError(f"{gguf.path}: its tokenizer is damaged ({str(error)[:300]})") from error
    _add_whole_tokens(gguf, tokenizer, tokens)
    return tokenizer


def _byte_level(gguf: GGUF, tokens: list[str]) -> Tokenizer:
    """GPT-2's kind: bytes as letters, merges in their order."""
    cut = gguf.fields.get(PRE)
    if not isinstance(cut, str) or cut not in CUTS:
        raise CheckpointError(f"{gguf.path}: {PRE} is {shown(cut)}, and this book knows {', '.join(CUTS)}")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    merges = [_pair(gguf, merge) for merge in _texts(gguf, MERGES)]
    whole = cut in LLAMA_3  # then a word that is a token is that token, whatever the merges would make of it
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=whole))
    tokenizer.pre_tokenizer, tokenizer.decoder = CUTS[cut](), decoders.ByteLevel()
    return tokenizer


def _pair(gguf: GGUF, merge: str) -> tuple[str, str]:
    """The two parts of a merge, which a space divides."""
    first, space, second = merge.partition(" ")
    if not (first and space and second) or " " in second:
        raise CheckpointError(f"{gguf.path}: the merge {shown(merge)} is not two parts; the file is damaged")
    return first, second


def _sentencepiece(gguf: GGUF, tokens: list[str]) -> Tokenizer:
    """SentencePiece's kind: marks for spaces, bytes for letters that have no token, merges from the scores."""
    scores = gguf.fields.get(SCORES)
    if not isinstance(scores, list) or len(scores) != len(tokens):
        raise CheckpointError(f"{gguf.path} must have as many {SCORES} as tokens, {len(tokens):,}; it is damaged")
    vocabulary = {token: index for index, token in enumerate(tokens)}
    unknown = gguf.fields.get(UNKNOWN)
    name = tokens[unknown] if type(unknown) is int and 0 <= unknown < len(tokens) else None
    model = models.BPE(vocabulary, merges_by_score(vocabulary, scores), unk_token=name, fuse_unk=True,
                       byte_fallback=True)  # fmt: skip
    tokenizer = Tokenizer(model)
    first = gguf.fields.get(SPACE_FIRST, True)
    marked = [normalizers.Prepend(MARK)] if first else []
    tokenizer.normalizer = normalizers.Sequence([*marked, normalizers.Replace(" ", MARK)])
    stripped = [decoders.Strip(" ", 1, 0)] if first else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), *stripped]
    )
    return tokenizer


def merges_by_score(vocabulary: dict[str, int], scores: list[float]) -> list[tuple[str, str]]:
    """The merges that a vocabulary with scores implies: each way to make a token of two others, the best token first.

    Args:
        vocabulary: tokens and their ids.
        scores: by id.
    """
    found = []
    for token, index in vocabulary.items():
        parts = ((token[:cut], token[cut:]) for cut in range(1, len(token)))
        pairs = [pair for pair in parts if pair[0] in vocabulary and pair[1] in vocabulary]
        pairs.sort(key=lambda pair: (vocabulary[pair[0]], vocabulary[pair[1]]))
        found += [(scores[index], pair) for pair in pairs]
    return [pair for _, pair in sorted(found, key=lambda each: -each[0])]  # equal scores stay in the order of ids


def _add_whole_tokens(gguf: GGUF, tokenizer: Tokenizer, tokens: list[str]) -> None:
    """Tell the tokenizer which tokens are found in a text whole, and which of them are special."""
    kinds = gguf.fields.get(KINDS, [])
    if not isinstance(kinds, list) or (kinds and len(kinds) != len(tokens)):
        raise CheckpointError(f"{gguf.path} must have as many {KINDS} as tokens, {len(tokens):,}; it is damaged")
    special = [AddedToken(token, normalized=False, special=True)
               for token, kind in zip(tokens, kinds, strict=False) if kind == CONTROL]  # fmt: skip
    whole = [AddedToken(token, normalized=False)
             for token, kind in zip(tokens, kinds, strict=False) if kind == USER_DEFINED]  # fmt: skip
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens(whole)
    if tokenizer.get_vocab_size(with_added_tokens=True) != len(tokens):
        raise CheckpointError(f"{gguf.path}: its special tokens are not among its tokens; it is damaged")


def _texts(gguf: GGUF, field: str) -> list[str]:
    """A list of texts, which must be there."""
    found = gguf.fields.get(field)
    if not isinstance(found, list) or not found or not all(isinstance(text, str) for text in found):
        raise CheckpointError(f"{gguf.path} has no list of texts {field}; is this the file of a whole model?")
    return found
