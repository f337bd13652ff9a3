r"""The longest common subsequence: the most words that two texts share in the same order, gaps allowed.

.. math:: t_{ij} = \begin{cases} t_{i-1,j-1} + 1 & \text{if } r_i = c_j \\
    \max(t_{i-1,j},\, t_{i,j-1}) & \text{otherwise} \end{cases}

``lcs_table`` computes that (Wagner and Fischer 1974). Each column of the table rises by 0 or 1 from row to row, so a
column fits into one integer, a bit per word of the reference, and the next column follows by one addition whose
carries do the work of the maximum (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"; Crochemore et al.
2001). ``lcs_length`` does so. Bit i - 1 of a column is 0 where the table rises at row i.

Tokens are anything hashable. A str is refused, and so are bytes: they would be compared letter by letter.
"""

from collections.abc import Hashable, Sequence

import numpy as np

Tokens = Sequence[Hashable]


def lcs_table(reference: Tokens, candidate: Tokens) -> np.ndarray:
    """The table of the lengths of common subsequences of all beginnings.

    Args:
        reference: R tokens.
        candidate: C tokens.

    Returns:
        Integers ``(R + 1, C + 1)``; entry (i, j) belongs to the first i and the first j tokens, the last is the length.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_tokens(reference, candidate)
    table = np.zeros((len(reference) + 1, len(candidate) + 1), dtype=int)
    for i, ours in enumerate(reference, start=1):
        for j, theirs in enumerate(candidate, start=1):
            matched = table[i - 1, j - 1] + 1
            table[i, j] = matched if ours == theirs else max(table[i - 1, j], table[i, j - 1])
    return table


def lcs_walk(table: np.ndarray, reference: Tokens, candidate: Tokens) -> list[tuple[int, int]]:
    """The cells of the table that are visited when one longest common subsequence is read out, from the last cell on.

    On a match the walk goes up and left, and that pair of words belongs to the subsequence. Otherwise it goes left if
    the table is strictly larger there, else up. Several subsequences can be longest; this rule, which is
    rouge-score's, chooses one, and ROUGE-Lsum depends on the choice.

    Args:
        table: of :func:`lcs_table`.
        reference: R tokens.
        candidate: C tokens.

    Returns:
        Cells (i, j) with i, j at least 1.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_tokens(reference, candidate)
    i, j, cells = len(reference), len(candidate), []
    while i > 0 and j > 0:
        cells.append((i, j))
        if reference[i - 1] == candidate[j - 1]:
            i, j = i - 1, j - 1
        elif table[i, j - 1] > table[i - 1, j]:
            j -= 1
        else:
            i -= 1
    return cells


def lcs_length(reference: Tokens, candidate: Tokens) -> int:
    """How many tokens the longest common subsequence has: the last entry of the table, without the table.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_tokens(reference, candidate)
    long, short = (reference, candidate) if len(reference) > len(candidate) else (candidate, reference)
    places, full = token_places(long), (1 << len(long)) - 1
    column = full
    for token in short:
        matched = column & places.get(token, 0)
        column = (column + matched | column - matched) & full
    return len(long) - column.bit_count()


def token_places(tokens: Tokens) -> dict[Hashable, int]:
    """For each token the positions where it stands, as the bits of an integer.

    Raises:
        TypeError: a str instead of tokens.
    """
    check_tokens(tokens)
    places, bit = {}, 1
    for token in tokens:
        places[token] = places.get(token, 0) | bit
        bit <<= 1
    return places


def check_sentences(*texts: Sequence[object]) -> None:
    """Raise a TypeError about a text that is no list of lists of tokens: a str, bytes, or a list of tokens."""
    check_tokens(*texts)
    for text in texts:
        check_tokens(*text)


def check_tokens(*sequences: object) -> None:
    """Raise a TypeError about a str or bytes, whose items are letters."""
    for sequence in sequences:
        if isinstance(sequence, str | bytes | bytearray):
            raise TypeError(
                f"pass a list of tokens, not the text {sequence[:30]!r}, whose letters would be compared; "
                "rouge_tokens(text) makes one"
            )
