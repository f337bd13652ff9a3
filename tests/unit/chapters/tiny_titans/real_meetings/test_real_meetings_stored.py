"""The stored result is that of the settings, its scores are those of its texts, and the stored adapters are its own."""

import json
import runpy

import numpy as np
import pytest
from drawing import errorbars, redrawn, ticks, titles

from llmbook.adapters import adapter_layers, load_adapter, merge
from llmbook.chapters.tiny_titans.real_meetings import experiment, explorer, settings
from llmbook.chapters.tiny_titans.real_meetings.prompts import load_chat
from llmbook.chapters.tiny_titans.real_meetings.results import SYSTEMS, queries_of_test, rows_of, scores_of, stored_rows
from llmbook.chapters.tiny_titans.real_meetings.writing import lead, oracle, score_answers, write_answers
from llmbook.checkpoint import load_pretrained
from llmbook.data import data_folder
from llmbook.experiments.results import read_result
from llmbook.real_weights import find_weights

ROWS, QUERIES = stored_rows(), queries_of_test()
TEST = [row for row in ROWS if row["part"] == "test"]
ADAPTERS = data_folder() / "models" / "real-meetings"


def missing(rows):
    """Cells that have no row, or one of another number of answers."""
    cells = [*experiment.rate_cells(),
             *experiment.test_cells(experiment.chosen_rates(ROWS), settings.TRAINING, len(QUERIES))]  # fmt: skip
    stored = {tuple(row[key] for key in experiment.KEYS): row for row in rows}
    found = [stored.get(tuple(vars(cell).values()), {}) for cell in cells]
    return [cell for cell, row in zip(cells, found, strict=True)
            if not row or (cell.part == "test" and len(row["texts"]) != len(QUERIES))]  # fmt: skip


def test_every_cell_was_run_with_the_settings_of_the_module():
    assert not missing(ROWS) and len(missing(ROWS[1:])) == 1
    said = read_result("real_meetings")["settings"]
    ours = {name.lower(): value for name, value in vars(settings).items() if name.isupper()}
    assert {name: json.loads(json.dumps(ours[name])) for name in said} == said
    assert ours.keys() - said.keys() <= {"base"}, "a name for others, which decides nothing"


def test_scores_are_those_of_the_texts():
    def fits(row):
        made = score_answers(QUERIES, row["texts"])
        return all(row[kind] == pytest.approx(each, abs=1e-4) for kind, each in made.items())

    assert all(map(fits, TEST))
    assert not fits(TEST[0] | {"texts": TEST[0]["texts"][::-1]})


@pytest.mark.parametrize(("name", "copy"), [("lead", lead), ("oracle", oracle)])
def test_copies_are_made_again(name, copy):
    [row] = rows_of(ROWS, name)
    assert row["texts"] == [copy(query) for query in QUERIES]


def test_seeds_make_different_answers_and_no_answer_is_longer_than_it_may_be():
    for name in ("LoRA", "DoRA"):
        rows = rows_of(ROWS, name)
        assert [row["seed"] for row in rows] == list(settings.SEEDS)
        assert len({tuple(row["texts"]) for row in rows}) == len(settings.SEEDS)
        assert all(len(row["losses"]) == settings.TRAINING for row in rows)
    assert all(max(row["tokens"]) <= settings.NEW_TOKENS for row in TEST if "tokens" in row)


@pytest.mark.parametrize("kind", settings.KINDS)
def test_adapters_are_small_and_say_what_they_are(kind):
    files = {path.name: path for path in (ADAPTERS / kind).iterdir()}
    said = json.loads(files["adapter_config.json"].read_text("utf-8"))
    assert (said["r"], said["lora_alpha"], said["use_dora"]) == (settings.RANK, settings.ALPHA, kind == "dora")
    assert said["base_model_name_or_path"] == settings.BASE
    assert sum(path.stat().st_size for path in files.values()) < 2.1e6


@pytest.mark.skipif(find_weights(settings.MODEL) is None, reason="needs `python -m llmbook.real_weights smollm2`")
def test_a_stored_answer_is_that_of_the_stored_adapter():
    weights, place = find_weights(settings.MODEL), min(range(len(QUERIES)), key=lambda each: len(QUERIES[each].span))
    model, chat = load_pretrained(weights), load_chat(weights)
    load_adapter(model, ADAPTERS / "dora")
    assert len(adapter_layers(model)) == 60
    [text], _ = write_answers(merge(model), chat, [QUERIES[place]], settings.MAIN)
    [stored] = [row["texts"][place] for row in rows_of(ROWS, "DoRA") if row["seed"] == 0]
    [plain] = [row["texts"][place] for row in rows_of(ROWS, "zero-shot")]
    assert text.split()[:5] == stored.split()[:5] != plain.split()[:5]


@pytest.mark.parametrize("measure", explorer.MEASURES.values())
def test_a_frame_shows_every_system_by_its_measure(measure):
    (ax,) = redrawn(explorer.explore_real_meetings().draw, measure=measure)[0].axes
    key = next(key for key, name in explorer.MEASURES.items() if name == measure)
    assert list(ticks(ax.yaxis).values()) == list(SYSTEMS) and titles(ax)[1] == measure
    for name, (mark, _) in zip(SYSTEMS, errorbars(ax).values(), strict=True):
        assert mark.x == pytest.approx([np.mean(scores_of(ROWS, name, key))], rel=1e-4)


def test_the_frames_answer_the_question_that_is_asked_first():
    found = {name: explorer.by_system(name, "rouge1") for name in SYSTEMS}
    assert set(explorer.ASKED.answers) == {"Above both", "Above one of them", "Above neither"}
    assert min(found["LoRA"].mean, found["DoRA"].mean) > max(found["lead"].mean, found["zero-shot"].mean)
    assert len({explorer.describe(key, found) for key in explorer.MEASURES}) == len(explorer.MEASURES)
    assert explorer.manners()["oracle"] < explorer.manners()["zero-shot"] < found["zero-shot"].mean


@pytest.mark.parametrize("asked", [["--train", "5"], ["--test", "3"]])
def test_other_numbers_are_not_written_over_the_stored_result(asked, capsys):
    """Twin: with a file of their own they get as far as the weights, which are not asked for here."""
    script = runpy.run_path(str(data_folder().parent / "scripts" / "real_meetings.py"))
    with pytest.raises(SystemExit):
        script["main"](asked)
    assert "--output" in capsys.readouterr().err
    script["main"].__globals__["find_weights"] = lambda name: None
    assert script["main"]([*asked, "--output", "mine.json"]) == 1
