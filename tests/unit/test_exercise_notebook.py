"""The pages of exercises: gates, tags and registry agree, solutions pass strictly, starters do not, examples hold."""

import ast
import copy
import re
from pathlib import Path

import nbformat
import pytest
import torch

from llmbook.exercises import REGISTRY, STRICT, CheckFailed
from llmbook.exercises.report import Report

ROOT = Path(__file__).resolve().parents[2]
GATE = re.compile(r"```\{(exercise|solution)-(start|end)\} ?(.*)((?:\n:.*)*)\n```")


QUESTIONS = {
    "gemma": {"gemma-q-query-matrix", "gemma-q-exact-gelu", "gemma-q-scale-hidden", "gemma-q-is-causal"},
    "olmo": {"olmo-q-hidden-shift"},
    "dora": {"dora-q-arithmetic", "dora-q-collapse", "dora-q-first-output"},
    "tiny-titans": {
        "tt-q-question-apart", "tt-q-rouge-overlap", "tt-q-mislead-author", "tt-q-t5-scale", "tt-q-meet-choose",
        "tt-q-cost-longer",
    },
}
PREFIXES = {"tiny-titans": "tt"}  # a chapter that is not named here is its own prefix
every_chapter = pytest.mark.parametrize("chapter", QUESTIONS)


def cells(chapter):
    return nbformat.read(ROOT / f"chapters/{chapter}/exercises.ipynb", as_version=4).cells


def registered(chapter):
    prefix = PREFIXES.get(chapter, chapter)
    return {name: checks for name, checks in REGISTRY.items() if name.startswith(f"{prefix}-ex-")}


def gates(notebook):
    """(index, kind, edge, label) of every cell that is a gate."""
    found = []
    for index, cell in enumerate(notebook):
        match = GATE.fullmatch(cell.source) if cell.cell_type == "markdown" else None
        if match:
            kind, edge, title, options = match.groups()
            label = options.removeprefix("\n:label: ") if kind == "exercise" else title
            found.append((index, kind, edge, label))
    return found


def gate_faults(notebook):
    """What is wrong with the order of the gates, and with the tags of the cells between them."""
    faults, order = [], [("exercise", "start"), ("exercise", "end"), ("solution", "start"), ("solution", "end")]
    opened, inside = "", None
    for number, (index, kind, edge, label) in enumerate(gates(notebook)):
        if (kind, edge) != order[number % 4]:
            faults.append(f"cell {index}: {kind}-{edge} out of order")
        if (kind, edge) == ("solution", "start") and label != opened:
            faults.append(f"cell {index}: solution of {label} after {opened}")
        opened = label if (kind, edge) == ("exercise", "start") else opened
    if len(gates(notebook)) % 4:
        faults.append("a gate is missing")
    for cell in notebook:
        match = GATE.fullmatch(cell.source) if cell.cell_type == "markdown" else None
        inside = match.group(1, 2) if match else inside
        tagged = "solution" in cell.metadata.get("tags", [])
        if cell.cell_type == "code" and tagged != (inside == ("solution", "start")):
            faults.append(f"cell {cell.id}: the tag and the gates disagree")
        if not match and "-start}\n" in cell.source + "\n":
            faults.append(f"cell {cell.id}: a gate must be alone in its cell")
    return faults


def run(sources):
    """Run cells in one namespace; give back the last values of those that end with an expression."""
    space, values = {}, []
    for source in sources:
        tree = ast.parse(source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), space)
        if last is not None:
            values.append(eval(compile(ast.Expression(last.value), "<cell>", "eval"), space))
    return [value for value in values if isinstance(value, Report)]


def code(chapter, solutions):
    """Sources of the code cells outside the solutions, or of the imports and the solutions."""
    found = [cell for cell in cells(chapter) if cell.cell_type == "code"]
    tagged = lambda cell: "solution" in cell.metadata.get("tags", [])  # noqa: E731
    return [cell.source for cell in found if tagged(cell) == solutions or cell.id == "imports"]


def starters(chapter):
    return [cell for cell in cells(chapter) if "exercise" in cell.metadata]


@every_chapter
def test_gates_and_tags(chapter):
    assert gate_faults(cells(chapter)) == []
    labels = {label for _, kind, edge, label in gates(cells(chapter)) if (kind, edge) == ("exercise", "start")}
    assert labels == {*registered(chapter), *QUESTIONS[chapter]}


def test_every_registered_exercise_belongs_to_a_chapter():
    assert set(REGISTRY) == {name for chapter in QUESTIONS for name in registered(chapter)}


@pytest.mark.parametrize("spoil", [
    lambda nb: nb.pop(gates(nb)[1][0]),
    lambda nb: nb.pop(gates(nb)[-1][0]),
    lambda nb: nb[gates(nb)[2][0] + 1].metadata.pop("tags"),
    lambda nb: nb[gates(nb)[0][0] + 2].metadata.update(tags=["solution"]),
    lambda nb: nb[gates(nb)[2][0]].update(source="```{solution-start} gemma-ex-groups\n:class: dropdown\n```"),
])
def test_a_spoiled_gate_is_noticed(spoil):
    notebook = copy.deepcopy(cells("gemma"))
    spoil(notebook)
    assert gate_faults(notebook)


@every_chapter
def test_notebook_and_registry_agree(chapter):
    found = gates(cells(chapter))
    starts = [label for _, kind, edge, label in found if kind + edge == "exercisestart" and "-ex-" in label]
    assert [cell.metadata["exercise"]["id"] for cell in starters(chapter)] == starts
    assert sorted(starts) == sorted(registered(chapter)) and len(starts) >= 12
    sources = [cell.source for cell in cells(chapter)]
    for cell in starters(chapter):
        label, function = cell.metadata["exercise"]["id"], re.findall(r"^def (\w+)", cell.source, re.M)[-1]
        assert sources.count(f'check("{label}", {function})') == 2
        assert next(c for c in cells(chapter) if c.id == "overview").source.count(f"(#{label})") == 1


@every_chapter
def test_starters_run_and_do_not_pass(chapter):
    reports = run(code(chapter, solutions=False))
    assert [report.name for report in reports] == [cell.metadata["exercise"]["id"] for cell in starters(chapter)]
    assert {report.status for report in reports} == {"todo"} and {report.points for report in reports} == {0}


@pytest.mark.parametrize("chapter, right, wrong, hint", [
    ("gemma", "return 2 * layers", "return layers", "keys and values are both stored"),
    ("olmo", "weight @ shift + bias", "shift + bias", "must go through the old matrix first|has shape"),
    ("dora", "bound = 1 / math.sqrt(inputs)", "bound = 1 / math.sqrt(rank)", "starts far too large"),
    ("tiny-titans", "[*ids[: limit - 1], 1]", "[*ids, 1][:limit]", "has lost its end token"),
])
def test_solutions_pass_strictly(monkeypatch, chapter, right, wrong, hint):
    monkeypatch.setenv(STRICT, "1")
    reports, checks = run(code(chapter, solutions=True)), registered(chapter)
    assert len(reports) == len(checks)
    assert sum(report.points for report in reports) == sum(item.points for each in checks.values() for item in each)
    spoiled = [source.replace(right, wrong) for source in code(chapter, solutions=True)]
    with pytest.raises(CheckFailed, match=hint):
        run(spoiled)


EXAMPLES = {"gemma": """
cache_bytes(1, 4, 1, 2, 3, 2) == 24 and key_head(2, 4, 2) == 1
count_parameters(10, 4, 1, 1, 1, 4, 6, True) == 188 and count_parameters(10, 4, 1, 1, 1, 4, 6, False) == 228
find_width(188, 10, 1, 1, 1, 4, 6) == 4
near(my_gelu(torch.tensor([0.0, 1, -1])), [0, 0.8412, -0.1588]) and near(silu_slope(torch.tensor([0.0])), [0.5])
near(torch.tensor(worst_place(torch.tensor([0.0, 1, 2]))), [1, 0.00015])
matched(12, 4) == 8 and matched(15, 4) == 12
near(geglu(torch.tensor([2.0]), *torch.tensor([0.5, 3, 10]).reshape(3, 1, 1)) / 100, [0.5047])
[half.tolist() for half in unfuse(torch.tensor([[1], [2], [3], [4]]))] == [[[3], [4]], [[1], [2]]]
near(torch.stack(branch_gradients(*torch.tensor([0.0, 3, 10]))), [15, 0])
near(gemma_norm(torch.tensor([3.0, 4]), torch.zeros(2), 0), [0.8485, 1.1314])
near(gemma_norm(torch.tensor([3.0, 4]), torch.tensor([1.0, 0]), 0), [1.6971, 1.1314])
near(torch.tensor([gain_after(2, 0.5, 0.2, 1, kind) for kind in (False, True)]), [1.8, 1.9])
all(near(add_sublayer(torch.ones(2), torch.zeros(2, 2), place), [1, 1]) for place in ("pre", "post", "both"))
all(near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), place), [2, 2]) for place in ("pre", "both"))
near(add_sublayer(torch.full((2,), 2.0), torch.zeros(2, 2), "post"), [1, 1])
one_hot(torch.tensor([[1, 0]]), 3).tolist() == [[[0, 1, 0], [1, 0, 0]]]
scaled_rows(torch.tensor([[1]]), torch.tensor([[1.0, 2, 3, 4], [0, 1, 0, 1]])).tolist() == [[[0, 2, 0, 2]]]
with_one_bos([5, 7], 2) == with_one_bos([2, 2, 5, 7], 2) == [2, 5, 7]
mask(2, 3).tolist() == [[True, True, False], [True, True, True]]
keep_top_p(torch.tensor([0.125, 0.5, 0.0625, 0.3125]), 0.7).tolist() == [False, True, False, True]
near(rotate(torch.tensor([[1.0, 0]]), torch.tensor([1]), 10000), [[0.5403, 0.8415]])
""", "olmo": """
[part.item() for part in fold(*torch.tensor([2.0, 3]).reshape(2, 1), torch.tensor([[5.0]]), 7)] == [10, 22]
near(norm_gradient(torch.tensor([[1.0, 3]]), torch.tensor([[1.0, 0]]), 3), [[0.1875, -0.1875]])
near(fused_swiglu(torch.tensor([[2.0]]), torch.tensor([[0.5], [3]]), ten, False) / 100, [[0.4386]])
near(fused_swiglu(torch.tensor([[2.0]]), torch.tensor([[0.5], [3]]), ten, True) / 100, [[0.5985]])
to_half_split(torch.tensor([[1], [2], [3], [4]]), 1).tolist() == [[1], [3], [2], [4]]
read_column(64, 4, "MQA") == (16, 1) and allowed_pairs(4, 2) == 7
near(route(torch.tensor([[0.0, 2, -5, 2]]), 2), [[0, 0.5, 0, 0.5]])
[part.tolist() for part in split(torch.tensor([[1], [2], [3], [4]]), 2, 1)] == [[[1], [2]], [[3]], [[4]]]
near(torch.stack(adamw(*torch.tensor([1.0, 4, 0, 0]), 1, 0.1, 0.5)), [0.85, 0.4, 0.8])
near(torch.cat(clip([torch.tensor([3.0]), torch.tensor([4.0])], 1)), [0.6, 0.8])
near(torch.tensor([learning_rate(t, 1, 2, 12) for t in (1, 2, 7, 20)]), [0.5, 1, 0.55, 0.1])
pack([[5, 6], [7, 8, 9]], 0, 2).tolist() == [[5, 6, 0], [7, 8, 9]]
find_events([5, 4, 3, 9, 8, 3], 3, 3) == [[3, 2]]
benchmarks_needed(0) == 6
near(token_probabilities(torch.tensor([1.0, 1, 9]), 2), [0.5, 0.5, 0])
""", "dora": """
largest_rank(4, 3) == 1 and best_error(torch.tensor([12.0, 4, 3]), 1) == 5
[largest_update_rank(2, 3, 8, 10, steps) for steps in (1, 2)] == [6, 8]
[trained_numbers([(3, 2)], 1, magnitudes) for magnitudes in (False, True)] == [5, 8]
start(4, 3, 2)[0].abs().max() <= 0.5 and start(4, 3, 2)[1].tolist() == [[0, 0]] * 3
[part.item() for part in lora_gradients(*torch.tensor([2.0, 3, 5, 7]).reshape(4, 1, 1), 0.5)] == [21, 15]
(lambda A, B, alpha: near(alpha / 2 * B @ A, [[30]]))(*grow(torch.tensor([[5.0]]), torch.tensor([[3.0]]), 2, 2))
near(dora_weight(*row, torch.tensor([26.0]), 1), [[10, 24]])
near(dora_forward(torch.ones(1, 2), row[0], torch.ones(1), *row[1:], torch.tensor([26.0]), 1), [[35]])
near(torch.cat([g.flatten() for g in dora_gradients(torch.ones(1, 2), *row, torch.tensor([26.0]), 1, True)]), \
    [4, 4, 10, 1.3077])
near(torch.cat([g.flatten() for g in dora_gradients(torch.ones(1, 2), *row, torch.tensor([26.0]), 1, False)]), \
    [1.9882, -0.8284, -0.6627, 1.3077])
near(row_norms(torch.tensor([25.0]), *torch.tensor([19.0, 17, 2]).reshape(3, 1, 1), 1), [13])
near(unmerge(torch.tensor([[10.0, 24]]), *row[1:], torch.tensor([26.0]), 1, torch.tensor([13.0])), [[3, 4]])
near(torch.stack(changes(torch.tensor([[3.0, 4], [0, 2]]), torch.tensor([[6.0, 8], [2, 0]]))), [2.5, 0.5])
[step_flops(1, 2, 3, 1, kind) for kind in ("frozen", "full", "lora")] == [24, 36, 54]
[merge(torch.ones(1, 1).bfloat16(), torch.ones(1, 1), torch.tensor([[u]]), 1).item() for u in (0.01, 0.001)] \
    == [1.0078125, 1]
[part.tolist() for part in quantize(torch.tensor([0.5, -2, 1.5]), torch.tensor([-1.0, 0, 1]))] == [[1, 0, 2], 2]
bits_per_weight(32, False) == 5 and round(bits_per_weight(32, True), 4) == 4.2539
""", "tiny-titans": """
near(torch.tensor(three_shares(6, 7, 10)), [0.6, 0.8571, 0.7059]) and three_shares(0, 0, 0) == (0, 0, 0)
shared_ngrams("the plan the plan".split(), "the plan and the plan the plan".split(), 2) == 3
subsequence_length("ana writes the plan".split(), "the plan that ana writes".split()) == 2
subsequence_length("may ana writes".split(), "ana writes in may".split()) == 2
union_of_places([["the", "plan", "is", word] for word in ("late", "good")], [[[0, 1, 2, 3]], [[0, 1, 2]]], \
    [["the", "plan", "is", "late"]]) == 4
best_of_each([[[0.9, 0.45, 0.6], [0.3, 0.3, 0.3]], [[0.5, 0.5, 0.5], [0.4, 0.4, 0.4]]]) == \
    [[0.9, 0.45, 0.6], [0.4, 0.4, 0.4]]
judge_line({"call the landlord": ("Tara", "Friday")}, "Tara will call the landlord by Friday.") == "true"
judge_line({"call the landlord": ("Tara", "Friday")}, "Ben will call the landlord by Friday.") == "wrong"
judge_line({"call the landlord": ("Tara", "Friday")}, "Call the landlord!") == "unread"
near(torch.stack(greedy_match(torch.tensor([[0.8, 0.2]]), torch.ones(1), torch.ones(2)))[:2], [0.5, 0.8])
round(kappa(list("ggggggbbgb"), list("ggggggbbbg")), 3) == 0.524
bucket_of(-3, 8, 8, True) == 2 and bucket_of(4, 8, 8, True) == 7
decoder_input(torch.tensor([[17, 9, 1, -100, -100]]), 0, 0).tolist() == [[0, 17, 9, 1, 0]]
block_parameters(4, 1, 3, 10, False, False) == 136
[part.tolist() for part in beam_step(torch.tensor([0.55, 0.45]).log(), \
    torch.tensor([[0.4, 0.35, 0.25], [0.9, 0.1, 0]]).log())[:2]] == [[1, 0], [0, 0]]
lead([("Ada", "Hello."), ("Ben", "Hi.")], 1) == "Ada: Hello."
is_kept(["questions", "9"], "We got 9 questions.") and not is_kept(["questions", "9"], "We got 90 questions.")
split([("a", "short"), ("a", "long"), ("b", "long")], 1 / 2, 0)[1] in ([("a", "short"), ("a", "long")], [("b", "long")])
[part.tolist() for part in batch([[5, 6, 7], [8]], 3)] == [[[5, 6, 1], [8, 1, -100]], [[0, 5, 6], [0, 8, 1]]]
cache_bytes(1, 1, 4, 10, 2, 1, 2) == 192 and price_of_a_thousand(7.2, 2, 4) == 1
at_least([(100, 4), (5, 6)], 10, 2) == 13 and paying_batch(2, 6, 1, 1000, 1) == 4
"""}


@every_chapter
def test_the_worked_examples_of_the_tasks_hold(chapter):
    space = {"near": lambda got, expected: torch.allclose(got, torch.tensor(expected) * 1.0, atol=6e-5)}
    space["ten"] = torch.tensor([[10.0]])
    exec("\n".join(code(chapter, solutions=True)), space)
    space["row"] = torch.tensor([[3.0, 4]]), torch.tensor([[1.0, 4]]), torch.tensor([[2.0]])  # W, A, B of DoRA's tasks
    for line in EXAMPLES[chapter].strip().replace("\\\n", "").splitlines():
        assert eval(line, space), line
