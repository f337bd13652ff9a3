"""Compare what an attempt returned with what is right, and say which mistake it looks like.

A check knows the right value and a few wrong ones, each with the sentence that explains it. When the result is not
right but equals one of the wrong values, the reader gets that sentence; otherwise the size of the difference.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Integral, Number

import numpy as np
import torch
from torch import Tensor

Mistakes = Sequence[tuple[object, str]]
"""Pairs of a wrong value and the hint for it; where several mistakes give one value, the first two are told."""


NAN = "which is what 0 / 0, infinity minus infinity, or the root of a number below 0 gives"


class Mistake(AssertionError):
    """A result that is not right; the message is for the reader."""


def expect_number(got: object, expected: float, mistakes: Mistakes = (), *, rtol: float = 0.0) -> None:
    """Insist on one number.

    Args:
        got: what the attempt returned: a Python or numpy number, or a tensor with one element.
        expected: the right number.
        mistakes: wrong numbers with their hints.
        rtol: allowed difference as a share of the number; 0 for counts.

    Raises:
        Mistake: with the hint, or with both numbers.
    """
    value = as_number(got)
    if _near(value, expected, rtol):
        return
    if found := _hints(hint for wrong, hint in mistakes if _near(value, wrong, max(rtol, 1e-9))):
        raise Mistake(f"your result is {_show(value)}: {found}")
    raise Mistake(f"your result is {_show(value)}, expected {_show(expected)}{_ratio(value, expected)}")


def expect_tensor(
    got: object,
    expected: Tensor,
    mistakes: Mistakes = (),
    *,
    exact: bool = False,
    otherwise: str = "",
    name: str = "your result",
) -> None:
    """Insist on a tensor: shape, kind of numbers, and values.

    Args:
        got: what the attempt returned: a tensor, an array, or nested lists of numbers.
        expected: the right tensor. If it is bfloat16 or boolean, the result must have that dtype too.
        mistakes: wrong tensors with their hints.
        exact: True for bit-by-bit equality, else 1e-5 of the largest number.
        otherwise: a hint for values that match no known mistake.
        name: what to call the result in messages.

    Raises:
        Mistake: with the hint, or with the largest difference.
    """
    value = as_tensor(got, name)
    if same(value, expected, exact) and not _wrong_kind(value, expected):
        return
    if found := _hints(hint for wrong, hint in mistakes if not _wrong_kind(value, wrong) and same(value, wrong, exact)):
        raise Mistake(found)
    if value.shape != expected.shape:
        raise Mistake(f"{name} has shape {tuple(value.shape)}, expected {tuple(expected.shape)}")
    if _wrong_kind(value, expected):
        raise Mistake(f"{name} has dtype {_kind(value)}, expected {_kind(expected)}")
    raise Mistake(f"{_difference(value, expected, name)}{otherwise and '; ' + otherwise}")


def expect_items(got: object, count: int, what: str) -> Sequence:
    """Insist on ``count`` results, described by ``what``, and give them back.

    Args:
        got: what the attempt returned: a tuple, a list, or a tensor or array whose first axis counts the results.
        count: how many.
        what: for the message.

    Raises:
        Mistake: it is something else.
    """
    if isinstance(got, Tensor | np.ndarray) and got.ndim:
        got = list(got)
    if not isinstance(got, tuple | list) or len(got) != count:
        shown = f"{len(got)} values" if isinstance(got, tuple | list) else _describe(got)
        raise Mistake(f"your function returned {shown}; expected {count}: {what}")
    return got


def same(value: Tensor, other: Tensor, exact: bool = False) -> bool:
    """Whether two tensors agree, bit by bit or to 1e-5 of the largest finite number of ``other``."""
    if value.shape != other.shape:
        return False
    value, other = value.double(), other.double()
    if exact or value.numel() == 0:
        return torch.equal(value, other)
    largest = other[other.isfinite()].abs().max() if other.isfinite().any() else 0.0  # infinity would allow anything
    return bool(_gaps(value, other).max() <= 1e-5 * largest)


def as_number(got: object) -> float:
    """A number from whatever came back.

    Raises:
        Mistake: it is no number.
    """
    if hasattr(got, "item") and getattr(got, "size", None) is not None:
        elements = got.numel() if isinstance(got, Tensor) else got.size
        if elements != 1:
            raise Mistake(f"your function returned {_describe(got)}; expected one number")
        got = got.item()
    if not isinstance(got, Number) or isinstance(got, bool | complex):
        raise Mistake(f"your function returned {_describe(got)}; expected a number")
    if got != got:
        raise Mistake(f"your function returned nan, {NAN}")
    if isinstance(got, int) and abs(got) > sys.float_info.max:
        raise Mistake("your function returned a whole number of more than 308 digits; expected one a float can hold")
    return got


def as_bool(got: object) -> bool:
    """True or False from whatever came back: Python's, numpy's, or a tensor with one element.

    Raises:
        Mistake: it is neither.
    """
    if isinstance(got, np.bool_) or (isinstance(got, Tensor) and got.dtype == torch.bool and got.numel() == 1):
        got = bool(got)
    if not isinstance(got, bool):
        raise Mistake(f"your function returned {got!r}; expected True or False")
    return got


def as_tensor(got: object, name: str = "your result") -> Tensor:
    """A tensor from whatever came back.

    Raises:
        Mistake: it is no tensor of numbers.
    """
    if isinstance(got, Tensor):
        value = got.detach().cpu()
    else:
        try:
            value = torch.as_tensor(_unpacked(got))
        except (TypeError, ValueError, RuntimeError):
            raise Mistake(f"{name} is {_describe(got)}; expected a tensor") from None
    if value.is_complex():
        raise Mistake(f"{name} holds complex numbers; expected real ones")
    return value


def _unpacked(got: object) -> object:
    """Tensors within lists and tuples as lists of numbers, which PyTorch puts together."""
    if isinstance(got, list | tuple):
        return [_unpacked(each) for each in got]
    return got.tolist() if isinstance(got, Tensor) else got


def _hints(found: Iterable[str]) -> str:
    """One sentence for a wrong value, or two where different mistakes lead to it."""
    return "; or: ".join(list(dict.fromkeys(found))[:2])


def _describe(got: object) -> str:
    """What kind of thing this is, in words."""
    if got is None:
        return "None (does every path of the function end with `return`?)"
    if isinstance(got, Tensor):
        return f"a tensor of shape {tuple(got.shape)}"
    return "a function (call it?)" if callable(got) else f"a {type(got).__name__}"


def _wrong_kind(value: Tensor, expected: Tensor) -> bool:
    """Whether the dtype is not acceptable: strict for booleans and bfloat16, else any floating dtype for a float."""
    if expected.dtype in (torch.bool, torch.bfloat16):
        return value.dtype != expected.dtype
    return value.is_floating_point() != expected.is_floating_point()


def _kind(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _near(value: float, other: float, rtol: float) -> bool:
    return value == other or (math.isfinite(other) and abs(value - other) <= rtol * abs(other))


def _show(value: float) -> str:
    """Whole numbers with commas, others with six digits."""
    if isinstance(value, Integral):
        return f"{int(value):,}"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.6g}"


def _ratio(value: float, expected: float) -> str:
    """", which is 4 times too large" where the factor is a whole number."""
    for large, small, word in ((value, expected, "large"), (expected, value, "small")):
        if small and 1.5 < large / small < math.inf and abs(large / small - round(large / small)) < 1e-9:
            return f" ({round(large / small)} times too {word})"
    return ""


def _gaps(value: Tensor, other: Tensor) -> Tensor:
    """How far two tensors of one shape are apart; equal infinities are not, and their difference would be NaN."""
    return torch.where(value == other, 0.0, (value - other).abs())


def _difference(value: Tensor, expected: Tensor, name: str) -> str:
    """Where two tensors of one shape differ most."""
    gaps = _gaps(value.double(), expected.double())
    if gaps.isnan().any():
        return f"{name} contains nan, {NAN}"
    place = tuple(int(i) for i in torch.unravel_index(gaps.argmax(), gaps.shape))
    where = f" at position {list(place)}" if place else ""
    wrong, right = value[place].item(), expected[place].item()
    count = int((gaps > 0).sum()) if expected.dtype == torch.bool else 0
    more = f"; {count} of {gaps.numel()} entries differ" if count else ""
    shown = [str(number) if isinstance(number, bool) else f"{number:.6g}" for number in (wrong, right)]
    return f"{name} is {shown[0]}{where}, expected {shown[1]}{more}"


def draw(seed: int, *shape: int) -> Tensor:
    """Normal numbers, the same for every reader."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
