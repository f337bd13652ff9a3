"""The explorer of the page "Pretraining a small OLMo": a sentence in tokens, after so many merges."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from llmbook.plots.diagram import LETTERS, tint, word_width
from llmbook.plots.style import PALETTE, new_figure, styled
from llmbook.widgets.explorer import Explorer, Prediction, Slider, explore

WIDTH, ROW = 6.0, 0.42
PREDICTION = Prediction(
    "The tokenizer starts with one token for each letter, and learns 242 merges. Which share of the tokens is left of "
    "a text that is cut with all of them?", {
        "About nine tenths": "That would have meant that 242 pairs are rare in a text. They are the most frequent "
                             "ones: move the slider to 12 merges, and see what the first do already.",
        "About half": "That would have meant that a token has about two letters, though many words are one token by "
                      "then. Look at the sentence: which of its words are still in pieces?",
        "About a quarter": "That would have meant that nearly every word is one token in the end. Look at the sentence "
                           "with all merges, and count the letters that still stand alone.",
    })  # fmt: skip


def apply_merges(letters: Sequence[str], merges: Sequence[tuple[str, str]]) -> list[str]:
    """Merge pairs of neighbors, one kind after the other.

    Args:
        letters: of a word, in order.
        merges: pairs, in the order in which they were learned.
    """
    symbols = list(letters)
    for left, right in merges:
        place = 0
        while place < len(symbols) - 1:
            if symbols[place] == left and symbols[place + 1] == right:
                symbols[place : place + 2] = [left + right]
            place += 1
    return symbols


def share_left(words: Mapping[str, int], merges: Sequence[tuple[str, str]], stops: Sequence[int]) -> dict[int, float]:
    """Tokens of a text for each of its letters, by the number of merges.

    Args:
        words: how often each word occurs.
        merges: as for :func:`apply_merges`.
        stops: numbers of merges, ascending.
    """
    spelled, done, shares = {word: list(word) for word in words}, 0, {}
    letters = sum(count * len(word) for word, count in words.items())
    for stop in stops:
        spelled = {word: apply_merges(pieces, merges[done:stop]) for word, pieces in spelled.items()}
        shares[stop] = sum(count * len(spelled[word]) for word, count in words.items()) / letters
        done = stop
    return shares


@styled
def draw_pieces(pieces: Sequence[str], curve: Mapping[int, float], merges: int) -> Figure:
    """A sentence in boxes, a box a token, above the curve of the tokens that are left.

    Args:
        pieces: The tokens.
        curve: Number of merges to the share of tokens that is left.
        merges: The number to mark.
    """
    figure, (upper, lower) = new_figure(2, size=(WIDTH, 4.3), height_ratios=(1, 1.5))
    left, row = 0.0, 0
    for piece in pieces:
        width = max(word_width(piece), 0.06) + 0.1
        if left + width > WIDTH - 0.4:
            left, row = 0.0, row + 1
        upper.add_patch(FancyBboxPatch((left + 0.02, -row * ROW), width - 0.04, 0.3, edgecolor=PALETTE["blue"],
                                       facecolor=tint("blue"), boxstyle="round,pad=0,rounding_size=0.05"))
        upper.text(left + width / 2, 0.14 - row * ROW, piece, ha="center", va="center", fontsize=LETTERS)
        left += width
    upper.set(xlim=(0, WIDTH - 0.4), ylim=(-2.1 * ROW, ROW))
    upper.axis("off")
    lower.plot(list(curve), [100 * share for share in curve.values()], color=PALETTE["blue"])
    lower.plot([merges], [100 * curve[merges]], marker="o", markersize=9, color=PALETTE["vermillion"])
    lower.set(xlabel="merges", ylabel="tokens, % of the letters", ylim=(0, 106))
    return figure


def explore_merges(words: Mapping[str, int], merges: Sequence[tuple[str, str]], line: Sequence[str]) -> Explorer:
    """How a sentence is cut after so many merges, and how many tokens a text has then.

    Args:
        words: how often each word occurs in the text.
        merges: pairs, in the order in which they were learned.
        line: the words of a sentence, spelled as those of ``words``.
    """
    stops = sorted({0, 1, 3, 6, 12, 24, 48, 96, 160, len(merges)})
    curve = share_left(words, merges, stops)

    def draw(count: int) -> tuple[Figure, str]:
        pieces = [piece for word in line for piece in apply_merges(word, merges[:count])]
        last = "" if not count else f"; the last was {merges[count - 1][0]} + {merges[count - 1][1]}"
        return draw_pieces(pieces, curve, count), (
            f"After {count} merges{last}: the sentence has {len(pieces)} tokens, and the training texts have "
            f"{curve[count]:.0%} of the tokens that they had as letters.")

    return explore(
        draw, name="merges", predict=PREDICTION,
        caption="Above: a sentence of a meeting in tokens; Ġ is a space. Below: how many tokens all training texts "
                "have. Move through the merges and look for the first word in one piece.",
        count=Slider("Merges", stops, len(merges), "{}"),
    )  # fmt: skip
