"""Words as ROUGE counts them: lower case, ASCII letters and digits, optionally cut to their stems.

Everything else separates words, so ``don't`` is two and ``naïve`` becomes ``na`` and ``ve``: these rules are for
English, and mangle other languages. They are those of ROUGE-1.5.5 (Lin 2004, https://aclanthology.org/W04-1013/) as
the rouge-score package has them, and its sentences are lines. Stems are those of Porter (1980) with NLTK's extensions,
which is the stemmer of rouge-score; the original Perl program's differs in a few words.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

WORD = re.compile(r"[a-z0-9]+")
LONGEST_UNSTEMMED = 3  # letters; ROUGE-1.5.5 leaves words of three letters as they are


def rouge_tokens(text: str, stemmer: bool = False) -> list[str]:
    """The words of a text.

    Args:
        text: any text; it may be empty.
        stemmer: cut words of more than three letters to their stems, so that "meetings" equals "meeting".

    Raises:
        TypeError: ``text`` is not a str.
    """
    return [token for sentence in rouge_sentences(text, stemmer) for token in sentence]


def rouge_sentences(text: str, stemmer: bool = False) -> list[list[str]]:
    r"""The words of each line that has any; ``\n`` alone ends a line, and a full stop does not.

    Args:
        text: one sentence per line, as ROUGE-Lsum expects it.
        stemmer: as in :func:`rouge_tokens`.

    Raises:
        TypeError: ``text`` is not a str.
    """
    check_text(text, "a text")
    found = filter(None, map(WORD.findall, text.lower().split("\n")))
    return [[stem(token) for token in tokens] for tokens in found] if stemmer else list(found)


@lru_cache(maxsize=2**16)
def stem(token: str) -> str:
    """The stem of a lower-case word; stems of words seen lately are remembered."""
    return _porter()(token) if len(token) > LONGEST_UNSTEMMED else token


def _porter() -> Callable[[str], str]:
    """A stemmer of NLTK, which is imported when it is first needed: that takes about a second."""
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer().stem


def check_text(value: object, name: str) -> None:
    """Raise a TypeError unless ``value`` is a str; an empty one is allowed."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}; for a missing summary pass ''")


def check_texts(texts: Iterable[str], name: str) -> list[str]:
    """Several texts as a list.

    Raises:
        TypeError: one of them is not a str, or all together are one, whose letters would be the texts.
    """
    if isinstance(texts, str | bytes):
        raise TypeError(f"{name} must be a list of str, not one {type(texts).__name__}; put brackets around it")
    texts = list(texts)
    for text in texts:
        check_text(text, f"each of {name}")
    return texts
