"""Wrong answers on reading claims and on greedy matching fail, and the hint names the misconception behind them."""

import re

import numpy as np
import pytest
import torch
from wrong_answers import check_hint, check_right, hint_cases, right_cases

from llmbook.chapters.tiny_titans.mislead.checks import MATCHINGS, TASKS, one_to_one
from llmbook.metrics.bertscore import greedy_score

PREFIX = "tt-ex-mislead-"
FORM = r"(\w+) will (not )?(.+) by (\w+)\."


def facts(denials=True, bound=True, day=True, unknown="wrong", fits=re.fullmatch, anywhere=False, form=FORM):
    """A fact check with each of its parts open."""
    def label(tasks, line):
        found = fits(form, line)
        if not found:
            return "unread"
        owner, denied, task, when = found.groups()
        denied = "not" in line if anywhere else denied
        if task not in tasks:
            return unknown
        known = owner == tasks[task][0] if bound else owner in {name for name, _ in tasks.values()}
        same_day = when == tasks[task][1] or not day
        return "true" if known and same_day and not (denied and denials) else "wrong"
    return label


def by_keys(tasks, line):
    """Words that stand somewhere in the line."""
    if any(task in line and owner in line and day in line for task, (owner, day) in tasks.items()):
        return "true"
    return "wrong" if " will " in line else "unread"


def or_keys(tasks, line):
    """The form, and where it does not fit, the ends of what belongs together."""
    ends = [(owner, " ".join(task.split()[-2:]), day) for task, (owner, day) in tasks.items()]
    found = re.fullmatch(FORM, line)
    return facts()(tasks, line) if found or not any(all(end in line for end in each) for each in ends) else "true"


def twice_denied(tasks, line):
    """A denied line is true where the line without its 'not' is wrong."""
    found = re.fullmatch(FORM, line)
    if not found:
        return "unread"
    owner, denied, task, day = found.groups()
    return "true" if (tasks.get(task) == (owner, day)) != bool(denied) else "wrong"


def without_not(tasks, line):
    """The word 'not' taken out wherever it stands."""
    label = facts()(tasks, line.replace(" not ", " "))
    return "wrong" if label == "true" and " not " in line else label


def in_part(tasks, line):
    """The task need only be a part of what is promised."""
    found = re.fullmatch(FORM, line)
    if not found:
        return "unread"
    owner, denied, promised, day = found.groups()
    known = any(task in promised and (owner, day) == owned for task, owned in tasks.items())
    return "true" if known and not denied else "wrong"


def split_up(words):
    """The line cut at its two small words; `words` takes what is before and behind one of them."""
    def label(tasks, line):
        try:
            owner, rest = words(line, " will ")
            task, day = words(rest.removesuffix("."), " by ")
        except ValueError:
            return "unread"
        if not line.endswith(".") or " " in owner + day:
            return "unread"
        return "true" if tasks.get(task) == (owner, day) else "wrong"
    return label


def at_ends(tasks, line):
    """The first word will, the last words by and the day."""
    words = line.split(" ")
    if len(words) < 5 or words[1] != "will" or words[-2] != "by" or not words[-1].endswith("."):
        return "unread"
    denied, day = words[2] == "not", words[-1][:-1]
    if not (words[0].isalnum() and day.isalnum()) or len(words) - 4 - denied < 1:
        return "unread"
    return "true" if not denied and tasks.get(" ".join(words[2:-2])) == (words[0], day) else "wrong"


def sentences(tasks, line):
    """All true sentences written out; what is not among them is wrong, if the form fits."""
    true = [f"{owner} will {task} by {day}." for task, (owner, day) in tasks.items()]
    return "true" if line in true else "wrong" if re.compile(rf"^{FORM}$").match(line) else "unread"


def matching(turn=False, weighted=True, divide=True, harmonic=True, best=True):
    """BERTScore's matching with its usual slips."""
    def scores(similarity, w, v):
        if not weighted:
            w, v = w * 0 + 1, v * 0 + 1
        if not best:
            return similarity.mean(), similarity.mean(), similarity.mean()
        rows, columns = similarity.max(1).values, similarity.max(0).values
        recall = (rows * w).sum() / (w.sum() if divide else 1)
        precision = (columns * v).sum() / (v.sum() if divide else 1)
        f = 2 * precision * recall / (precision + recall) if harmonic else (precision + recall) / 2
        return (recall, precision, f) if turn else (precision, recall, f)
    return scores


def before(change):
    """Something done to the table first."""
    return lambda similarity, w, v: matching()(change(similarity, w, v), w, v)


def joined(mean):
    """The right two, and another mean of them."""
    def scores(similarity, w, v):
        precision, recall, _ = matching()(similarity, w, v)
        return precision, recall, mean(precision, recall)
    return scores


def f_of(precision, recall):
    return precision, recall, 2 * precision * recall / (precision + recall)


def paired(similarity, w, v):
    return f_of(*one_to_one(similarity, w, v))


def counted(similarity, w, v):
    """The weighted sums by the number of tokens."""
    return f_of((similarity.max(0).values * v).mean(), (similarity.max(1).values * w).mean())


def exchanged_weights(similarity, w, v):
    """The weights of the partners in place of the tokens' own."""
    columns, rows = similarity.max(0), similarity.max(1)
    theirs, ours = w[columns.indices], v[rows.indices]
    return f_of((columns.values * theirs).sum() / theirs.sum(), (rows.values * ours).sum() / ours.sum())


def weighted_table(similarity, w, v):
    """The weights before the best partner is chosen."""
    table = similarity * w[:, None] * v
    return f_of(table.max(0).values.sum() / v.sum(), table.max(1).values.sum() / w.sum())


def places(similarity, w, v):
    return f_of((similarity.argmax(0) * v).sum() / v.sum(), (similarity.argmax(1) * w).sum() / w.sum())


def by_loops(similarity, w, v):
    rows, columns = similarity.tolist(), list(zip(*similarity.tolist(), strict=True))
    recall = sum(float(weight) * max(row) for row, weight in zip(rows, w, strict=True)) / float(sum(w))
    precision = sum(float(weight) * max(column) for column, weight in zip(columns, v, strict=True)) / float(sum(v))
    return list(f_of(precision, recall))


WRONG = [
    ("facts", facts(denials=False), "look for 'not'"),
    ("facts", facts(bound=False), "but not together"),
    ("facts", facts(day=False), "day is that of another task"),
    ("facts", facts(unknown="true"), "nothing supports the line"),
    ("facts", facts(unknown="unread"), "nothing supports the line"),
    ("facts", by_keys, "look for 'not'"),
    ("facts", or_keys, "the right words, but no claim"),
    ("facts", lambda tasks, line: "wrong", "word for word"),
    ("facts", facts(anywhere=True), "'notify' denies nothing"),
    ("facts", facts(fits=re.match), "to its end"),
    ("facts", facts(fits=re.search), "from its start"),
    ("facts", facts(form=r"(.+) will (not )?(.+) by (\w+)\."), "an owner is one word"),
    ("facts", facts(form=r"(\w+) will (not )?(.+) by (.+)\."), "a day is one word"),
    ("facts", facts(form=r"(\w+) will (not )?(.+) by (\w+)\.?"), "the full stop belongs to the form"),
    ("facts", facts(form=r"(\w+) will (not )?(.+) by (\w+)."), "any character"),
    ("facts", facts(form=r"(\w+) will (not )?([\w ]+?) by (\w+)\..*"), "to its end"),
    ("facts", twice_denied, "a denied line is wrong"),
    ("facts", without_not, "right behind 'will'"),
    ("facts", in_part, "not the task of the meeting"),
    ("facts", split_up(lambda text, word: text.split(word)), "the last 'by'"),
    ("facts", split_up(lambda text, word: text.split(word, 1)), "the last 'by'"),
    ("facts", split_up(lambda text, word: text.rsplit(word, 1)), "the first 'will'"),
    ("facts", lambda tasks, line: facts()(TASKS, line), "this meeting has other tasks"),
    ("facts", lambda tasks, line: facts()(tasks, line) == "true", "you say True"),
    ("greedy", matching(turn=True), "are exchanged"),
    ("greedy", matching(weighted=False), "weights are all alike"),
    ("greedy", matching(divide=False), "sum of the weights"),
    ("greedy", matching(harmonic=False), "harmonic mean"),
    ("greedy", matching(best=False), "best partner of each token first"),
    ("greedy", paired, "partners may be shared"),
    ("greedy", counted, "not by the number of tokens"),
    ("greedy", exchanged_weights, "its own weight, not that of its partner"),
    ("greedy", weighted_table, "first the best partner, then the weights"),
    ("greedy", places, "not where it is"),
    ("greedy", before(lambda similarity, w, v: similarity.clamp(min=0)), "may be below 0"),
    ("greedy", before(lambda similarity, w, v: similarity.abs()), "has a sign"),
    ("greedy", before(lambda similarity, w, v: (similarity + 1) / 2), "as they are"),
    ("greedy", before(lambda similarity, w, v: -similarity), "expected"),
    ("greedy", joined(lambda p, r: (p * r).sqrt()), "geometric"),
    ("greedy", joined(min), "harmonic mean"),
    ("greedy", joined(lambda p, r: p * r / (p + r)), "factor 2"),
    ("greedy", lambda similarity, w, v: matching()(similarity.T, w, v), "raised RuntimeError"),
    ("greedy", lambda similarity, w, v: matching()(similarity, w, v)[2], "precision, recall and F"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "phrases"), hint_cases(PREFIX, WRONG))
def test_the_hint_names_the_misconception(name, answer, phrases):
    check_hint(name, answer, phrases)


RIGHT = [
    ("facts", facts()), ("facts", at_ends), ("facts", sentences),
    ("facts", lambda tasks, text: facts(form=r"([A-Za-z]+) will (not )?(.+?) by ([A-Za-z]+)[.]")(tasks, text)),
    ("greedy", matching()), ("greedy", by_loops), ("greedy", lambda *given: tuple(greedy_score(*given))),
    ("greedy", lambda *given: np.array([float(number) for number in matching()(*given)])),
    ("greedy", lambda table, rows, columns: torch.stack(matching()(table.double(), rows.double(), columns.double()))),
    ("greedy", lambda s, w, v: f_of(np.average(s.numpy().max(0), weights=v.numpy()),
                                    np.average(s.numpy().max(1), weights=w.numpy()))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer"), right_cases(PREFIX, RIGHT))
def test_right_answers_in_other_forms_pass(name, answer):
    check_right(name, answer)


def test_one_to_one_takes_the_best_pairs_with_the_weights_of_their_own_sides():
    """By hand: 0.9 and 0.3 are together more than 0.1 and 0.8."""
    similarity = torch.tensor([[0.9, 0.1], [0.8, 0.3]])
    precision, recall = one_to_one(similarity, torch.tensor([1.0, 3.0]), torch.tensor([2.0, 1.0]))
    assert (precision, recall) == pytest.approx(((2 * 0.9 + 0.3) / 3, (0.9 + 3 * 0.3) / 4))


@pytest.mark.parametrize("slip, hint", MATCHINGS, ids=[hint[:30] for _, hint in MATCHINGS])
def test_a_slip_in_the_recall_alone_is_named_as_well(slip, hint):
    """Some example must tell it from the right recall; the precision, which comes first, is right."""
    def answer(similarity, w, v):
        precision, _, f = greedy_score(similarity, w, v)
        return precision, float(slip(similarity, w, v)[1]), f

    check_hint("tt-ex-mislead-greedy", answer, [hint[:25]])


def test_weights_before_partners_in_the_recall_alone():
    """The product by hand: for each row the largest of similarity times both weights."""
    def answer(similarity, w, v):
        pairs = zip(similarity, w, strict=True)
        rows = [max(float(s * a * b) for s, b in zip(row, v, strict=True)) for row, a in pairs]
        precision, _, f = greedy_score(similarity, w, v)
        return precision, sum(rows) / float(w.sum()), f

    check_hint("tt-ex-mislead-greedy", answer, ["first the best partner"])


def test_the_package_passes():
    check_right("tt-ex-mislead-greedy", lambda similarity, w, v: tuple(greedy_score(similarity, w, v)))
