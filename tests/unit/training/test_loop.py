"""The training loop equals one written out by hand, and says what is wrong when it cannot go on."""

import ast
import math

import pytest
import torch
from package_imports import FILES
from torch import nn
from torch.nn import functional as F

from llmbook.training.loop import build_optimizer, limit_at, next_token_loss, train


def squares(model, batch):
    x, y = batch
    return (model(x) - y).square().mean()


def line_and_batches(steps=5):
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(3, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(generator=generator)
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    return model, [(draw(4, 3), 3 * draw(4, 2)) for _ in range(steps)]


def adamw_by_hand(model, batches, *, rate=0.01, decay=0.1, beta1=0.9, beta2=0.95, clip=1.0, eps=1e-8):
    """AdamW from its paper, Algorithm 2, with decay on the matrix only and clipping before it."""
    state = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in model.parameters()}
    for t, batch in enumerate(batches, start=1):
        gradients = torch.autograd.grad(squares(model, batch), list(state))
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
        with torch.no_grad():
            for (p, (m, v)), g in zip(state.items(), gradients, strict=True):
                g = g * min(1.0, clip / norm)
                m.mul_(beta1).add_((1 - beta1) * g)
                v.mul_(beta2).add_((1 - beta2) * g * g)
                p.mul_(1 - rate * decay * (p.ndim > 1))
                p.sub_(rate * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps))


def trained(**options):
    model, batches = line_and_batches()
    records = list(train(model, batches, **{"steps": 5, "learning_rate": 0.01, "loss": squares} | options))
    return model, records


@pytest.mark.parametrize(("option", "left_alone", "other"), [
    ("decayed", "matrices", "linear layers"), ("betas", (0.9, 0.95), (0.8, 0.9)), ("weight_decay", 0.1, 0.5)])
def test_an_option_is_that_of_the_optimizer(option, left_alone, other):
    """A model of an embedding and a layer, so that the two rules of decay differ."""

    def weights(**options):
        generator = torch.Generator().manual_seed(1)
        model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 2))
        for parameter in model.parameters():
            nn.init.normal_(parameter, generator=generator)
        batches = [(torch.tensor([0, 1, 2, 3]), torch.ones(4, 2))] * 3
        if "optimizer" in options:
            options["optimizer"] = build_optimizer(model, **options["optimizer"])
        list(train(model, batches, steps=3, learning_rate=0.1, loss=squares, **options))
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    settings = {"weight_decay": 0.1, "betas": (0.9, 0.95), "decayed": "matrices"}
    assert torch.equal(weights(), weights(optimizer=settings))
    assert torch.equal(weights(**{option: left_alone}), weights())
    changed = weights(**{option: other})
    assert torch.equal(changed, weights(optimizer=settings | {option: other})) and not torch.equal(changed, weights())


def distance(first, second):
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in
               zip(first.parameters(), second.parameters(), strict=True))


def test_equals_adamw_written_by_hand():
    expected, batches = line_and_batches()
    adamw_by_hand(expected, batches)
    assert distance(trained()[0], expected) < 1e-5


@pytest.mark.parametrize("fault", [
    {"learning_rate": 0.011}, {"weight_decay": 0.0}, {"betas": (0.9, 0.999)}, {"clip_norm": math.inf}, {"steps": 4},
])
def test_each_setting_matters(fault):
    expected, batches = line_and_batches()
    adamw_by_hand(expected, batches)
    assert distance(trained(**fault)[0], expected) > 1e-5


def test_records_hold_the_loss_before_the_update():
    model, batches = line_and_batches()
    before = squares(model, batches[0]).item()
    _, records = trained(learning_rate=lambda step: 0.01 / (step + 1))
    assert [record.step for record in records] == [0, 1, 2, 3, 4]
    assert records[0].loss == pytest.approx(before)
    assert [record.learning_rate for record in records] == pytest.approx([0.01 / (i + 1) for i in range(5)])
    assert records[0].gradient_norm > 1.0  # clipped, but recorded as it was


def test_no_decay_for_vectors():
    optimizer = build_optimizer(nn.Linear(3, 2), weight_decay=0.1, betas=(0.9, 0.95))
    assert {group["params"][0].ndim: group["weight_decay"] for group in optimizer.param_groups} == {2: 0.1, 1: 0.0}


def test_the_rule_of_the_decay_reaches_the_optimizer():
    """With a rate of one a step shrinks what is decayed by the factor 1 - decay, and nothing else."""

    def lengths(**options):
        model = nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 1))
        for parameter in model.parameters():
            nn.init.ones_(parameter)
        list(train(model, [None], steps=1, learning_rate=1.0, weight_decay=0.5, loss=flat, **options))
        return [parameter.mean().item() for parameter in model.parameters()]

    def flat(model, _):
        return 0 * sum(parameter.sum() for parameter in model.parameters())

    assert lengths() == lengths(decayed="matrices") == [0.5, 0.5, 1.0]
    assert lengths(decayed="linear layers") == [1.0, 0.5, 1.0]


def test_the_limit_of_the_gradient_may_depend_on_the_step():
    constant, _ = trained(clip_norm=0.1)
    assert distance(trained(clip_norm=lambda step: 0.1)[0], constant) == 0
    assert distance(trained(clip_norm=lambda step: 0.1 if step else 0.2)[0], constant) > 1e-5
    assert [limit_at(2.5, 7), limit_at(lambda step: 2.0 * step, 7)] == [2.5, 14.0]


def steppers(files):
    """Files in which an optimizer takes its step."""
    return {name for name, source in files.items() for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".step") and not node.args}


def test_there_is_one_loop():
    """The checks of an exercise may take one to hold an answer against: PyTorch's own, and no loop."""
    files = {name: source for name, source in FILES.items() if "/checks" not in name}
    assert steppers(files) == {"training/loop.py"}
    other = {"chapters/a/b/experiment.py": "for batch in batches:\n    adam.step()"}
    assert steppers(files | other) == {"training/loop.py", *other}


def test_next_token_loss_by_hand():
    table = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    ids = torch.tensor([[0, 1, 0]])
    loss = next_token_loss(lambda inputs: table[inputs], ids)
    by_hand = -(F.log_softmax(table[0], -1)[1] + F.log_softmax(table[1], -1)[0]) / 2
    assert torch.isclose(loss, by_hand)
    assert not torch.isclose(loss, -(F.log_softmax(table[0], -1)[0] + F.log_softmax(table[1], -1)[1]) / 2)


def test_says_when_the_batches_end():
    with pytest.raises(ValueError, match="only 5"):
        trained(steps=6)


def test_stops_at_a_loss_that_is_not_finite():
    with pytest.raises(FloatingPointError, match="smaller learning rate"):
        trained(loss=lambda model, batch: squares(model, batch) * math.inf)


def test_goes_on_from_a_step_with_its_own_optimizer():
    whole, batches = line_and_batches()
    list(train(whole, batches, steps=5, learning_rate=lambda step: 0.01 / (step + 1), loss=squares))
    model, batches = line_and_batches()
    options = {"learning_rate": lambda step: 0.01 / (step + 1), "loss": squares,
               "optimizer": build_optimizer(model, weight_decay=0.1, betas=(0.9, 0.95))}
    list(train(model, batches[:2], steps=2, **options))
    records = list(train(model, batches[2:], steps=5, first_step=2, **options))
    assert [record.step for record in records] == [2, 3, 4] and distance(model, whole) == 0.0
    other, batches = line_and_batches()
    for part in (batches[:2], batches[2:]):  # the twin: the second half begins anew
        list(train(other, part, steps=len(part), **options | {"optimizer": None}))
    assert distance(other, whole) > 1e-5


@pytest.mark.parametrize("clip", [None, math.nan, -1.0])
def test_a_limit_that_is_none_is_refused(clip):
    for limit in (clip, lambda step: clip):
        with pytest.raises(ValueError, match=r"clip_norm must be a number from 0 up, math\.inf for no clipping"):
            trained(clip_norm=limit)
    assert limit_at(0.0, 0) == 0.0 and limit_at(math.inf, 0) == math.inf


def test_a_limit_of_zero_lets_the_decay_alone_work():
    start, _ = line_and_batches()
    model, _ = trained(clip_norm=0.0, steps=1)
    assert torch.allclose(model.weight, start.weight * (1 - 0.01 * 0.1)) and torch.equal(model.bias, start.bias)
    assert not torch.equal(trained(steps=1)[0].bias, start.bias)


def test_a_gradient_shorter_than_the_limit_passes_unchanged():
    """Under plain descent, where the length of a gradient counts in the first step."""

    def descended(clip):
        model, batches = line_and_batches()
        records = list(train(model, batches, steps=1, learning_rate=0.1, loss=squares, clip_norm=clip,
                             optimizer=torch.optim.SGD(model.parameters())))
        return model, records[0].gradient_norm

    free, norm = descended(math.inf)
    assert distance(descended(norm * 1.001)[0], free) == 0 < distance(descended(norm * 0.999)[0], free)


@pytest.mark.parametrize("rate", [math.nan, math.inf, -0.1])
def test_a_rate_that_is_none_is_refused(rate):
    for given in (rate, lambda step: rate):
        with pytest.raises(ValueError, match="finite number from 0 up"):
            trained(learning_rate=given)


def test_a_rate_of_zero_changes_nothing_and_is_recorded():
    start, _ = line_and_batches()
    model, records = trained(learning_rate=0.0)
    assert distance(model, start) == 0 and [record.learning_rate for record in records] == [0.0] * 5
    assert distance(trained(learning_rate=1e-4)[0], start) > 0


def test_without_decay_a_zero_gradient_moves_nothing():
    def flat(model, _):
        return 0 * sum(parameter.sum() for parameter in model.parameters())

    start, _ = line_and_batches()
    assert distance(trained(loss=flat, weight_decay=0.0)[0], start) == 0 < distance(trained(loss=flat)[0], start)


def test_no_steps_and_one_step():
    start, _ = line_and_batches()
    assert trained(steps=0)[1] == [] and distance(trained(steps=0)[0], start) == 0
    assert len(trained(steps=1)[1]) == 1 and trained(steps=5, first_step=5)[1] == []


def test_as_many_batches_as_steps_are_enough():
    model, batches = line_and_batches()
    assert len(list(train(model, batches[:3], steps=3, learning_rate=0.01, loss=squares))) == 3
    with pytest.raises(ValueError, match="4 steps need 4 batches, but there were only 3"):
        list(train(model, batches[:3], steps=4, learning_rate=0.01, loss=squares))
