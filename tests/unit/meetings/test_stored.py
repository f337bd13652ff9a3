"""The corpus that comes with the book: equal to what the generator makes, and divided without a leak."""

import runpy
import sys
from itertools import combinations
from pathlib import Path

import pytest

from llmbook.meetings import stored
from llmbook.meetings.files import read_meetings, write_meetings
from llmbook.meetings.stored import LENGTHS, SPLITS, length_name, make_split, stored_meetings, stored_path
from llmbook.meetings.turn_kinds import TURN_KINDS, turn_kinds

ROOT = Path(__file__).resolve().parents[3]
CORPUS = {name: stored_meetings(name) for name in SPLITS}


def differences(paths):
    """The parts whose file is not, byte for byte, what the generator makes now."""
    found = []
    for name, path in paths.items():
        fresh = path.with_name(f"{name}-fresh")
        write_meetings(fresh, make_split(name))
        found += [name] * (fresh.read_bytes() != path.read_bytes())
        fresh.unlink()
    return found


def copies(folder):
    """The stored files in a folder where they may be changed."""
    paths = {name: folder / f"{name}.jsonl" for name in SPLITS}
    for name, path in paths.items():
        path.write_bytes(stored_path(name).read_bytes())
    return paths


def test_the_files_are_what_the_generator_makes(tmp_path):
    assert differences(copies(tmp_path)) == []
    assert all(make_split(name) == CORPUS[name] for name in SPLITS)


@pytest.mark.parametrize("old, new", [("Monday", "Sunday"), ('"turn": 1,', '"turn": 0,'), ("}]}\n", "}]} \n")])
def test_a_changed_file_is_caught(tmp_path, old, new):
    paths = copies(tmp_path)
    text = paths["test"].read_text(encoding="utf-8")
    assert old in text
    paths["test"].write_text(text.replace(old, new, 1), encoding="utf-8")
    assert differences(paths) == ["test"]


def test_the_script_writes_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_meetings.py", "--folder", str(tmp_path)])
    runpy.run_path(str(ROOT / "scripts" / "make_meetings.py"), run_name="__main__")
    assert {path.stem: read_meetings(path) for path in tmp_path.iterdir()} == CORPUS
    assert "24 meetings" in capsys.readouterr().out


def leaks(corpus):
    """Pairs of parts that share a seed or a transcript, and parts that know the new workplaces."""
    shared = [pair for pair in combinations(corpus, 2)
              if any({of(m) for m in corpus[pair[0]]} & {of(m) for m in corpus[pair[1]]}
                     for of in (lambda m: m.seed, lambda m: m.transcript))]  # fmt: skip
    new = {meeting.domain for meeting in corpus["new"]}
    return shared + [name for name in corpus if name != "new" and new & {m.domain for m in corpus[name]}]


def test_nothing_leaks():
    assert leaks(CORPUS) == []
    assert leaks(CORPUS | {"train": [*CORPUS["train"], CORPUS["test"][3]]}) == [("train", "test")]
    assert leaks(CORPUS | {"train": [*CORPUS["train"], CORPUS["new"][0]]}) == [("train", "new"), "train"]


def test_every_part_has_every_workplace_and_length():
    assert sum(len(part) for part in CORPUS.values()) == 90
    for name, split in SPLITS.items():
        cells = [(meeting.domain, length_name(meeting)) for meeting in CORPUS[name]]
        assert {cell: cells.count(cell) for cell in cells} \
            == {(place, length): split.each for place in split.workplaces for length in LENGTHS}


def test_the_corpus_is_small():
    assert sum(stored_path(name).stat().st_size for name in SPLITS) < 300_000


def test_unknown_names_say_so():
    with pytest.raises(ValueError, match="no part 'dev' of the meetings; choose one of train, validation, test, new"):
        stored_meetings("dev")
    with pytest.raises(ValueError, match="3 facts is none of brief"):
        length_name(stored.generate_meeting(0, facts=3))


def test_every_turn_has_a_kind():
    kinds = [turn_kinds(meeting) for part in CORPUS.values() for meeting in part]
    assert {kind for each in kinds for kind in each} == set(TURN_KINDS)
    for meeting, each in zip([m for part in CORPUS.values() for m in part], kinds, strict=True):
        assert each[0] == each[-1] == "frame" and each.count("frame") == 2
        assert [each[fact.turn] for fact in meeting.facts] == [fact.kind for fact in meeting.facts]


def test_a_strange_turn_is_noticed():
    meeting = CORPUS["test"][0]
    turns = (*meeting.turns[:-1], stored.generate_meeting(1).turns[1], meeting.turns[-1])
    with pytest.raises(ValueError, match="none of the lines"):
        turn_kinds(meeting.__class__(**{**vars(meeting), "turns": turns}))
