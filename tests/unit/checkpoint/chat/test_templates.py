"""Chat templates: what they are given, which errors they end in, and that a hostile one is stopped."""

import json
import time
from pathlib import Path

import pytest

from llmbook.checkpoint import CheckpointError
from llmbook.checkpoint.chat import ChatTemplate, template, worker
from llmbook.checkpoint.chat.template import MOST_CHARACTERS, check_messages

TURNS = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}" \
        "{% if add_generation_prompt %}[bot]{% endif %}"
HELLO = [{"role": "user", "content": "Hello"}]
CHAT = [*HELLO, {"role": "bot", "content": "Hi"}, {"role": "user", "content": "<b> & {{ 1 + 1 }} \u20ac\n"}]


def run(source, messages=HELLO, **values):
    """What the worker answers, in this process."""
    return worker.answer({"source": source, "values": {"messages": messages, **values}})


def test_messages_are_written_down_as_they_are():
    chat = ChatTemplate(TURNS)
    text = "[user] Hello\n[bot] Hi\n[user] <b> & {{ 1 + 1 }} \u20ac\n\n"
    assert chat.render(CHAT) == text, "nothing is escaped, and no message is a template"
    assert chat.render(tuple(CHAT), add_generation_prompt=True) == text + "[bot]"


def test_what_a_template_finds():
    source = "{{ bos_token }}{{ tools }}{{ documents }}{{ messages[0].keys() | list }}"
    chat = ChatTemplate(source, {"bos_token": "<s>"})
    assert chat.render([HELLO[0] | {"tool": None}]) == "<s>NoneNone['role', 'content']", "as in transformers"
    assert run("{{ {'a': '<'} | tojson }}") == {"text": '{"a": "<"}'}
    assert run("{{ strftime_now('%Y') | length }}") == {"text": "4"}
    assert run("  {% for m in [1, 2, 3] %}\n{% if m == 2 %}{% continue %}{% endif %}\n{{ m }}{% endfor %}") == {
        "text": "13"}, "no line is left of a tag"  # fmt: skip
    assert run("{% generation %}a{{ messages | length }}{% endgeneration %}b") == {"text": "a1b"}


def test_what_a_template_says_about_messages():
    chat = ChatTemplate("{% if messages[0].role != 'user' %}{{ raise_exception('Begin with a user') }}{% endif %}ok")
    assert chat.render(HELLO) == "ok"
    with pytest.raises(ValueError, match="does not take these messages: Begin with a user") as raised:
        chat.render([{"role": "robot", "content": "x"}])
    assert not isinstance(raised.value, CheckpointError), "the messages are to blame, not the file"


BROKEN = {
    "{% for m in messages %}": "line 1: Unexpected end of template",
    "{{ messages[9].content }}": "UndefinedError: ",
    "{{ nothing.content }}": "UndefinedError: 'nothing' is undefined",
    "{{ 1 / 0 }}": "ZeroDivisionError: division by zero",
    "{% include 'other' %}": "no loader",
    "{{ messages | nofilter }}": "No filter named 'nofilter'",
    "{% if x %}{% endfor %}": "line 1: ",
    "{{ '\\ud800' }}": "UnicodeEncodeError: ", "": "is empty", "  \n": "is empty",
    "x" * (MOST_CHARACTERS + 1): "has 1,000,001 characters; is it damaged",
}  # fmt: skip


@pytest.mark.parametrize(("source", "said"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_template_is_named(source, said):
    with pytest.raises(CheckpointError, match="chat template") as raised:
        ChatTemplate(source).render(HELLO)
    assert said in str(raised.value) and len(str(raised.value)) < 500


REACHES = [
    "{{ ''.__class__ }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ messages.append(1) }}",
    "{{ messages[0].update({'role': 'system'}) }}", "{{ messages.__init__.__globals__ }}",
    "{{ raise_exception.__globals__ }}", "{{ ''['__class__'] }}{{ ''|attr('__class__') }}",
    "{{ '{0.__class__}'.format('') }}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ strftime_now.__globals__['sys'].exit(0) }}", "{{ self.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].environ }}", "{{ namespace.__init__.__globals__ }}", "{{ messages.clear() }}",
    "{{ dict.__base__ }}", "{{ joiner.__class__.__bases__ }}", "{{ (messages|attr('po' ~ 'p'))() }}",
    "{{ ''.format_map.__self__.__class__ }}", "{% set x = ''.mro %}{{ ''.__doc__ }}",
]  # fmt: skip


@pytest.mark.parametrize("source", REACHES)
def test_a_template_that_reaches_for_python_is_refused(source):
    assert list(run(source)) == ["broken"], run(source)


def test_attributes_are_refused_by_the_sandbox_and_by_nothing_else(monkeypatch):
    """The twin: Jinja without its sandbox gives all of Python away."""
    from jinja2 import Environment

    assert "may not have" in run(REACHES[1])["broken"]
    monkeypatch.setattr(worker, "Sandbox", Environment)
    assert "class" in run(REACHES[1])["text"]


ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a number": "{{ 10 ** (10 ** 10) }}",
    "macros": "{% macro f(n) %}{{ f(n - 1) }}{{ f(n - 1) }}{% endmacro %}{{ f(99) if false else f(40) }}",
    "doubled text": "{% set n = namespace(x='x' * 99) %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "long text": "{{ 'x' * 10 ** 10 }}", "wide text": "{{ '%09999999999d' % 1 }}",
    "much text": "{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
    "centered": "{{ 'x' | center(10 ** 10) }}", "sums": "{{ range(99999) | map('string') | list * 9999999 }}",
}  # fmt: skip


@pytest.mark.parametrize("what", ENDLESS)
def test_a_template_without_end_is_stopped(what, monkeypatch):
    monkeypatch.setattr(template, "SECONDS", 3)
    start = time.monotonic()
    with pytest.raises(CheckpointError, match=r"cannot be used: (it (is not|needs|writes)|its process|\w+Error)"):
        ChatTemplate(ENDLESS[what]).render(HELLO)
    assert time.monotonic() - start < template.PATIENCE + 30


def test_a_template_that_needs_its_time_gets_it(monkeypatch):
    """The twin of the limit of time: half a million steps are done, and without a limit of time nothing is stopped."""
    source = "{% for a in range(99999) %}{% for b in [1, 2, 3, 4, 5] %}{% endfor %}{% endfor %}done"
    assert ChatTemplate(source).render(HELLO) == "done"
    monkeypatch.setattr(template, "PATIENCE", 0.01)
    with pytest.raises(CheckpointError, match=r"not done after 0\.01 seconds$"):
        ChatTemplate(source).render(HELLO)


@pytest.mark.skipif(template.OUT_OF_TIME is None, reason="Windows limits no time of the processor")
def test_work_is_what_stops_a_loop_and_waiting_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(template, "SECONDS", 1)
    with pytest.raises(CheckpointError, match="not done after 1 seconds of work"):
        ChatTemplate(ENDLESS["loops"]).render(HELLO)
    slow = Path(template.WORKER).read_text(encoding="utf-8").replace("import sys", "import sys, time; time.sleep(2)", 1)
    monkeypatch.setattr(template, "WORKER", tmp_path / "worker.py")
    template.WORKER.write_text(slow, encoding="utf-8")
    assert ChatTemplate(TURNS).render(HELLO) == "[user] Hello\n", "the twin: a machine that is busy for two seconds"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux limits the memory of a process")
def test_memory_is_what_stops_a_long_text(monkeypatch):
    long = ChatTemplate("{{ ('x' * (messages | length * 3 * 10 ** 8)) | length }}")
    assert long.render(HELLO) == "300000000", "the twin: three hundred megabytes are allowed"
    monkeypatch.setattr(template, "MEMORY", 2**28)
    with pytest.raises(CheckpointError, match="needs too much memory"):
        long.render(HELLO)


def test_a_process_without_an_answer_is_named(monkeypatch, tmp_path):
    (tmp_path / "worker.py").write_text("import sys; sys.exit('bad luck')")
    monkeypatch.setattr(template, "WORKER", tmp_path / "worker.py")
    with pytest.raises(CheckpointError, match=r"ended without an answer \(bad luck\)"):
        ChatTemplate(TURNS).render(HELLO)


NOT_MESSAGES = [
    ("Hello", "at least one message"), ({"role": "user", "content": "x"}, "a list of at least one"),
    ([], "at least one"), (None, "a list"), (["Hello"], "message 0 must be a dict"),
    ([*HELLO, 7], "message 1 must be a dict"),
    ([{"content": "x"}], "message 0 needs a role that is a text, not None"),
    ([{"role": "user"}], "needs a content that is a text"), ([{"role": "user", "content": None}], "needs a content"),
    ([{"role": "user", "content": [{"type": "text"}]}], "needs a content that is a text, not"),
    ([{"role": "user", "content": "\ud800"}], "not made of texts"),
    ([{"role": "user", "content": "x", "image": object()}], "not made of texts and numbers"),
    ([{"role": "user", "content": "x", "n": float("nan")}], "not made of texts and numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "said"), NOT_MESSAGES, ids=range(len(NOT_MESSAGES)))
def test_what_is_no_chat_is_refused(messages, said):
    with pytest.raises(ValueError, match=said):
        check_messages(messages)


def test_messages_are_left_as_they_were():
    before = json.dumps(CHAT)
    ChatTemplate(TURNS).render(CHAT)
    assert json.dumps(CHAT) == before
