"""The commands of the setup page: they name what exists, and each has its like for PowerShell."""

import re
import shutil
import sys
from pathlib import Path

from book_build import ROOT

PAGE = ROOT / "book" / "setup.md"
ONE_SYSTEM = ("Linux", "Older Macs")  # headings of sections that no reader with Windows needs
MADE_LATER = {"packages"}  # what a command itself makes


def read_blocks(text):
    """``[(heading, language, [commands])]`` of the fenced blocks, comments left out."""
    blocks, heading = [], ""
    pieces = re.finditer(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for title, language, code in (piece.groups() for piece in pieces):
        if title:
            heading = title
            continue
        commands = [line.split(" #")[0].strip() for line in code.splitlines()]
        blocks.append((heading, language, [command for command in commands if command]))
    return blocks


def in_powershell(command):
    """A command of bash as PowerShell has it, as lines."""
    words, lines = command.split(" "), []
    while "=" in words[0] or words[0] == "export":
        name, _, value = (words.pop(0) if words[0] != "export" else words.pop(1)).partition("=")
        lines.append(f'$env:{name} = "{value}"')
        if words == ["export"]:
            return lines
    words = [word.replace(".venv/bin/", ".venv\\Scripts\\").replace("scripts/", "scripts\\") for word in words]
    return [*lines, " ".join(words).replace("python3 ", "py -3.13 ")]


def without_sibling(blocks):
    """The blocks of bash that are not followed by the same in PowerShell; make has the section after it."""
    alone = []
    for place, (heading, language, commands) in enumerate(blocks):
        if language != "bash" or heading.startswith(ONE_SYSTEM) or all(line.startswith("make ") for line in commands):
            continue
        wanted = [line for command in commands for line in in_powershell(command)]
        if blocks[place + 1 : place + 2] != [(heading, "powershell", wanted)]:
            alone.append(commands)
    return alone


def missing(blocks):
    """What the commands name and the book does not have: files, targets of make, programs of the environment."""
    targets = set(re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE).group(1).split())
    absent = []
    for word, before in named(blocks):
        program = re.match(r"\.venv/(?:bin|Scripts)/([\w-]+)$", word)
        if program:
            exists = shutil.which(program.group(1), path=str(Path(sys.executable).parent))
        elif before == "make":
            exists = word in targets
        else:
            looks_like_a_file = re.search(r"^[\w./-]*(/[\w.-]+|\.(txt|py|md|toml))$", word)
            exists = not looks_like_a_file or word in MADE_LATER or (ROOT / word).exists()
        absent += [] if exists else [word]
    return absent


def named(blocks):
    """Each word of the commands with the word before it; paths with slashes, options by their value."""
    for _, _, commands in blocks:
        for command in commands:
            words = [word.strip('"').split("=")[-1].replace("\\", "/") for word in command.split()]
            yield from zip(words, ["", *words], strict=False)


def test_each_command_names_what_exists():
    """Files, targets of make, programs."""
    blocks = read_blocks(PAGE.read_text())
    assert len(blocks) > 8
    assert not missing(blocks)
    for path in re.findall(r"`((?:tests|scripts|data|chapters)/[\w./-]*)`", PAGE.read_text()):
        assert (ROOT / path).exists(), path


def test_each_command_has_its_like_in_powershell():
    """The same commands in the same order, environment variables included."""
    assert not without_sibling(read_blocks(PAGE.read_text()))


def test_an_absent_file_is_found():
    """The twin: a script, a file of requirements, a program and a target that do not exist."""
    text = PAGE.read_text()
    for right, wrong in (
        ("scripts/build_book.py", "scripts/built_book.py"), ("-c constraints.txt", "-c constraint.txt"),
        ("bin/jupyter lab", "bin/jupiter lab"), ("make book ", "make books "),
        ("scripts\\bench.py", "scripts\\benches.py"),
    ):  # fmt: skip
        assert right in text
        assert missing(read_blocks(text.replace(right, wrong))), wrong


def test_an_absent_sibling_is_found():
    """The twin: each line of PowerShell in turn is left out, or has a letter more; and a whole block is left out."""
    text = PAGE.read_text()
    lines = [line for _, language, commands in read_blocks(text) if language == "powershell" for line in commands]
    assert len(lines) > 9 and any(line.startswith("$env:") for line in lines)
    for line in lines:
        assert without_sibling(read_blocks(text.replace(line, "", 1))), line
        assert without_sibling(read_blocks(text.replace(line, f"{line}x", 1))), line
    assert without_sibling(read_blocks(text.replace("```powershell", "```text")))
