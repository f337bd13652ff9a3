"""What a function remembers from one call to the next, no caller can change."""

import ast
import contextlib
import dataclasses
import functools
from collections.abc import Mapping, Set

import numpy as np
import pytest
import torch
from evaluation import evaluate
from package_imports import FILES, parts_of
from tokenizers import Tokenizer
from torch import nn

REMEMBERED = {
    "chapters.front.one_detail.experiment": ["guesses('nothing')", "written('nothing', BEGINNINGS[1])"],
    "chapters.olmo.schedule.experiment": ["_meeting_text(2, 0)"],
    "chapters.tiny_titans.truncation.experiment": ["meetings_of('short', 3)"],
    "experiments.fair_fight": ["test_meetings('private')", "baseline_scores('lead 3', 'private', 'long')"],
    "experiments.fair_fight_scores": [
        "system_interval('lead 3', 'net_f1', 'private')", "compare('lead 3', 'random 3', 'net_f1', 'private')",
        "_rows('fair_fight')"],
    "experiments.meetings_t5": ["_general_vocabulary()"],
    "experiments.pretraining": ["_ingredients(9, 4, 64)"],
    "meetings.phrasings": ["read_claim('The meeting was about tea.')", "_readers()",
                          "_number_template('{} tickets are open')"],
    "metrics.rouge_tokens": ["stem('meetings')"],
    "plots.diagram": ["word_width('word')"],
    "summarizers.lookup": ["different_words('a b')"],
}  # fmt: skip
"""Every function with a cache that all callers share, called once."""
OWNED = {
    "chapters.gemma.norms.explorer": ["cache(measure_seeds)"],  # of one explorer
    "metrics.union_lcs": ["steps"],  # of one object
}
MADE_ANEW = {
    "chapters.olmo.schedule.experiment": ["meeting_bytes(2, 0)", "fresh_tiny_olmo(0)"],
    "chapters.tiny_titans.truncation.experiment": ["reader()", "token_counts('short', 3)",
                                                   "stored_reading('long', 80, 'cut')"],
    "experiments.fair_fight": ["tuned_model('small', 0, 0)"],
    "experiments.fair_fight_scores": ["stored_scores('net_f1', size='medium', test='public', tuned_on=0)"],
    "experiments.fine_tuning": ["new_corpus(2, 1)", "general_rows(2)"],
    "experiments.meetings_olmo": ["load_base()", "load_base_tokenizer()"],
    "experiments.meetings_t5": ["load_summarizer('small')", "load_summarizer_tokenizer()", "general_tokenizer()"],
    "experiments.pretraining": ["meeting_corpus(9, 4)"],
    "experiments.results": ["read_result('code_names')"],
    "experiments.tuned_context": ["stored_cell('short', 'cut')"],
}  # fmt: skip
"""What is handed out in a form that can be changed, and therefore made at every call."""
def calls(table):
    return [(module, expression) for module, expressions in table.items() for expression in expressions]


def caches(source):
    """Names of functions whose results are remembered, and calls that make such a function of another."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            found += [node.name for each in node.decorator_list if remembers(each)]
        elif isinstance(node, ast.Call) and node.args and remembers(node.func):
            found.append(ast.unparse(node))
    return found


def remembers(node):
    node = node.func if isinstance(node, ast.Call) else node
    return ast.unparse(node).rpartition(".")[2] in ("cache", "lru_cache", "cached_property")


def print_of(value):
    """Text that changes with any part of a value."""
    if isinstance(value, nn.Module):
        return print_of(dict(value.state_dict()))
    if isinstance(value, torch.Tensor):
        return repr((value.shape, value.detach().numpy().tobytes()))
    if isinstance(value, np.ndarray):
        return repr((value.shape, value.tobytes()))
    if isinstance(value, Tokenizer):
        return value.to_str()
    if dataclasses.is_dataclass(value):
        return print_of(vars(value))
    if isinstance(value, Mapping):
        return repr([(key, print_of(each)) for key, each in value.items()])
    if isinstance(value, list | tuple):
        return repr([print_of(each) for each in value])
    return repr(sorted(value) if isinstance(value, Set) else value)


def spoil(value):
    """Change whatever can be changed."""
    if dataclasses.is_dataclass(value):
        for name, each in vars(value).items():
            spoil(each)
            attempt(lambda name=name: setattr(value, name, None))
    elif isinstance(value, nn.Module):
        spoil(list(value.parameters()))
    elif isinstance(value, torch.Tensor):
        value.detach().zero_()
    elif isinstance(value, np.ndarray):
        attempt(lambda: value.fill(0))
    elif isinstance(value, Tokenizer):
        value.add_tokens(["another"])
    elif isinstance(value, Mapping | list | tuple | Set):
        for each in value.values() if isinstance(value, Mapping) else value:
            spoil(each)
        attempt(lambda: value.clear())


def attempt(change):
    """What cannot be changed says so."""
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        change()


def survives(make):
    """Whether a caller gets the same as before after another has spoiled what it got."""
    first = make()
    before = print_of(first)
    spoil(first)
    return print_of(make()) == before


def unlisted(files):
    """Caches that neither table names."""
    found = []
    for name, source in files.items():
        module = ".".join(parts_of(name))
        known = {call.partition("(")[0] for call in REMEMBERED.get(module, [])} | set(OWNED.get(module, []))
        found += [f"{module}.{each}" for each in caches(source) if each not in known]
    return found


def test_every_cache_is_listed():
    assert unlisted(FILES) == []
    there = {(".".join(parts_of(name)), each) for name, source in FILES.items() for each in caches(source)}
    assert {(module, call.partition("(")[0]) for module, call in calls(REMEMBERED)} | set(calls(OWNED)) == there


@pytest.mark.parametrize(("module", "expression"), calls(REMEMBERED) + calls(MADE_ANEW))
def test_no_caller_changes_what_another_gets(module, expression):
    assert survives(lambda: evaluate(module, expression))


def test_what_is_remembered_is_not_made_again():
    for module, expression in calls(REMEMBERED):
        assert evaluate(module, expression) is evaluate(module, expression)


# Each check must be able to fail.


@dataclasses.dataclass(frozen=True)
class Frozen:
    values: list


@pytest.mark.parametrize("value", [
    [1], {"a": 1}, {1}, (1, [2]), np.ones(2), torch.ones(2), nn.Linear(2, 2), Frozen([1]), {"a": np.ones(2)},
    Tokenizer.from_str(evaluate("experiments.meetings_olmo", "load_base_tokenizer().to_str()")),
], ids=lambda value: type(value).__name__)  # fmt: skip
def test_what_a_cache_must_not_hand_out_is_seen(value):
    assert not survives(functools.cache(lambda: value))


@pytest.mark.parametrize(("source", "found"), [
    ("@functools.cache\ndef f(): ...", ["f"]), ("@lru_cache(maxsize=1)\ndef f(): ...", ["f"]),
    ("class C:\n    @cached_property\n    def f(self): ...", ["f"]),
    ("g = functools.lru_cache(f)", ["functools.lru_cache(f)"]),
    ("@styled\ndef f(): cache = KVCache(f)", []),
])  # fmt: skip
def test_new_caches_are_seen(source, found):
    assert caches(source) == found
    assert unlisted({"experiments/judges.py": source}) == [f"experiments.judges.{each}" for each in found]
