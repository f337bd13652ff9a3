"""A check of the page that assembles Gemma: a short list of prompts that tells faulty code for BOS from right code."""

from collections.abc import Callable

from llmbook.exercises.compare import Mistake, as_tensor
from llmbook.exercises.registry import exercise

Ids = list[int]
Faults = dict[str, Callable[[Ids, int], Ids]]
MOST = 4


def with_one_bos(ids: Ids, bos: int, most: int | None = None) -> Ids:
    """One BOS in front; ``most`` limits how many of those that stand there already are taken away."""
    front = 0
    while front < len(ids) and ids[front] == bos and front != most:
        front += 1
    return [bos, *ids[front:]]


def both_ends(ids: Ids, bos: int) -> Ids:
    """A fault: BOS is taken away at the end as well."""
    while ids[-1:] == [bos]:
        ids = ids[:-1]
    return with_one_bos(ids, bos)


IN_FRONT: Faults = {
    "never adds BOS": lambda ids, bos: list(ids),
    "always adds BOS": lambda ids, bos: [bos, *ids],
    "leaves two BOS in front as they are": lambda ids, bos: ids if ids[:1] == [bos] else [bos, *ids],
    "takes at most two BOS away": lambda ids, bos: with_one_bos(ids, bos, most=2),
    "puts BOS in the place of the first token": lambda ids, bos: [bos, *ids[1:]],
}
ELSEWHERE: Faults = {
    "leaves an empty prompt empty": lambda ids, bos: with_one_bos(ids, bos) if ids else [],
    "takes every BOS out of the text": lambda ids, bos: [bos, *(each for each in ids if each != bos)],
    "asks whether BOS is anywhere": lambda ids, bos: list(ids) if bos in ids[1:] else with_one_bos(ids, bos),
    "takes BOS away from the end too": both_ends,
}
WHERE = {
    "leaves two BOS in front as they are": "is there a prompt that begins with more than one?",
    "takes at most two BOS away": "how many stand in front of your prompts at most?",
    "puts BOS in the place of the first token": "is there a prompt that begins with another token?",
    "leaves an empty prompt empty": "the shortest prompt is a prompt too",
    "takes every BOS out of the text": "is there a BOS inside a prompt, behind another token?",
    "asks whether BOS is anywhere": "is there a BOS inside a prompt, and none in front?",
    "takes BOS away from the end too": "is there a prompt that ends with BOS?",
}


def prompts_of(f: Callable, bos: int) -> list[Ids]:
    """The prompts that the reader chose, as lists of whole numbers."""
    got = f(bos)
    if not isinstance(got, list | tuple) or not 1 <= len(got) <= MOST:
        count = len(got) if isinstance(got, list | tuple) else "no list of"
        raise Mistake(f"your function returned {count} prompts: a list of one to {MOST} is expected")
    tensors = [as_tensor(each, "a prompt") for each in got]
    if any(each.ndim != 1 or (each.numel() and each.is_floating_point()) for each in tensors):
        raise Mistake("a prompt is a list of token ids, whole numbers")
    return [each.long().tolist() for each in tensors]


def expect_told(f: Callable, faults: Faults) -> None:
    """Insist that each fault treats one of the prompts wrong, for two values of BOS."""
    for bos in (2, 9):
        prompts = prompts_of(f, bos)
        for name, faulty in faults.items():
            if all(faulty(ids, bos) == with_one_bos(ids, bos) for ids in prompts):
                hint = WHERE.get(name, "does a prompt begin with BOS, and one without?")
                raise Mistake(f"with BOS = {bos} a function that {name} treats all of {prompts} right: {hint}")


@exercise("gemma-ex-one-bos")
def faults_in_front(f):
    """Five faults in front of the prompt"""
    expect_told(f, IN_FRONT)


@exercise("gemma-ex-one-bos")
def faults_elsewhere(f):
    """Four faults elsewhere: inside, at the end, or where there is nothing"""
    expect_told(f, ELSEWHERE)
