"""A run: what it records, where it stops, and what decays."""

from pretraining_runs import short_run

from llmbook.training.run import mean_loss


def test_run_records():
    run = short_run()
    points = list(run.advance())
    assert [point.tokens for point in points] == [32 * (step + 1) for step in range(12)]
    assert [point.step for point in points if point.validation_loss is not None] == [4, 9, 11]
    assert points[-1].validation_loss == mean_loss(run.model, run.validation)
    assert [point.learning_rate for point in points] == run.config.schedule.rates()


def test_advance_stops_where_it_is_told():
    run = short_run()
    assert len(list(run.advance(5))) == 5 and run.step == 5 and not run.is_finished
    assert len(list(run.advance(50))) == 7 and run.is_finished and list(run.advance()) == []


def test_decay_is_for_linear_layers():
    run = short_run()
    decayed, others = run.optimizer.param_groups
    assert [group["weight_decay"] for group in (decayed, others)] == [0.1, 0.0]
    assert len(others["params"]) == 1 and others["params"][0] is run.model.embed_tokens.weight
    assert len(decayed["params"]) == len(list(run.model.parameters())) - 1
