"""The directive ``choices``: the answers to a question, each of which opens without a script to say what it reveals.

The reader's notebooks read the same text, with llmbook.notebooks.choices.
"""

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from llmbook.notebooks.choices import read_choices
from llmbook.notebooks.contents import BookError


class choice(nodes.General, nodes.Element):
    """One choice; its first child is the line that is always seen."""


class choice_line(nodes.General, nodes.TextElement):
    """The line of a choice that is always seen."""


class Choices(SphinxDirective):
    """A list of choices in Markdown, one of them right."""

    has_content = True

    def run(self):
        """The choices as folded boxes."""
        try:
            found = read_choices("\n".join(self.content))
        except BookError as error:
            raise self.error(str(error)) from error
        box = nodes.container(classes=["choices"])
        box += [self.folded(each) for each in found]
        return [box]

    def folded(self, each):
        """One choice; what it reveals is whole Markdown."""
        made, line = choice(right=each.is_right), choice_line()
        line += nodes.strong("", f"{each.letter}. ")
        line += [child for part in self.parsed(each.text) for child in part.children]
        made += [line, *self.parsed(each.reveals)]
        return made

    def parsed(self, text):
        """Markdown as nodes."""
        inside = nodes.Element()
        self.state.nested_parse(StringList(text.split("\n"), self.get_source_info()[0]), self.content_offset, inside)
        return inside.children


def open_choice(writer, node):
    """A folded box that says by its class whether it is the right one; the words within say it to all."""
    writer.body.append(f'<details class="choice choice-{"right" if node["right"] else "wrong"}">')


def open_line(writer, node):
    """The line that opens the box."""
    writer.body.append("<summary>")


def close(tag):
    """What writes the end of an element."""
    return lambda writer, node: writer.body.append(f"</{tag}>")


def setup(app):
    """Register the extension with Sphinx."""
    app.add_directive("choices", Choices)
    app.add_node(choice, html=(open_choice, close("details")))
    app.add_node(choice_line, html=(open_line, close("summary")))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
