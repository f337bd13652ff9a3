"""The directive {book-parts}: the picture of what the book builds, each part a link to the page that builds it.

The sizes are those of a published model, from the package; numbers and titles of the pages are known when all pages
have been read, so the picture is made when its page is written. What the book lacks is left out.
"""

from docutils import nodes
from parts_drawing import Frame, Part, draw_parts
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

MODEL, OTHER, RANK = "gemma-2b", "olmo-7b", 16
UNNUMBERED = "start"  # stands for the number of a page that opens the book


def large(count):
    """'524 million', '2.51 billion': a count in three digits at most."""
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if count >= size:
            return f"{count / size:.3g} {word}"
    return f"{count:,}"


def facts():
    """Sizes of the model, and how many numbers each part has; those of an adapter, and of the other model."""
    from llmbook.accounting import linear_shapes, parameters_by_part, total_parameters  # torch: only if it is drawn
    from llmbook.models import gemma, olmo

    config, other = gemma.PUBLISHED[MODEL], olmo.PUBLISHED[OTHER]
    counts = parameters_by_part(config)
    total = total_parameters(config)
    attention = sum(counts[part] for part in ("query", "key", "value", "attention_output"))
    adapter = config.layers * sum(RANK * (put + got) + got for put, got in linear_shapes(config).values())
    return {"config": config, "other": other, "total": total, "other_total": total_parameters(other),
            "embedding": counts["embedding"], "attention": attention, "feedforward": counts["feedforward"],
            "adapter": adapter}  # fmt: skip


def model(known):
    """[(title, detail, page, anchor, share, added)] and the frame's, from the top down; the page None for a repeat."""
    c, share = known["config"], {part: known[part] / known["total"] for part in ("embedding", "attention",
                                                                                 "feedforward")}  # fmt: skip
    before = [
        ("Pieces of words", f"{c.vocab_size:,} different ones", "book/a-transformer-in-twenty-minutes",
         "twenty-token", 0, False),
        ("Embedding, scaled", f"a row of {c.width:,} numbers for each piece: {large(known['embedding'])}",
         "chapters/gemma/05-scaled-embedding", "", share["embedding"], True),
    ]  # fmt: skip
    block = [
        ("Norm", "with a gain of 1 + w", "chapters/gemma/04-norms", "", 0, False),
        ("Positions", "queries and keys are turned", "chapters/olmo/02-positions-and-vocabulary", "olmo-rope",
         0, False),
        ("Attention", f"{c.heads} heads share one key and value: {large(known['attention'])} numbers",
         "chapters/gemma/06-gemma-assembled", "", share["attention"], True),
        ("Norm", "", None, "", 0, False),
        ("Gated layer, GeGLU", f"{c.width:,} to {c.feedforward_width:,} and back: {large(known['feedforward'])} "
         "numbers", "chapters/gemma/03-glu-swiglu-geglu", "", share["feedforward"], False),
        ("Its curve, GELU", "neither a switch nor a line", "chapters/gemma/02-activations", "", 0, True),
    ]  # fmt: skip
    after = [
        ("Norm", "", None, "", 0, False),
        ("Output", "the embedding once more, from numbers to pieces", "chapters/olmo/02-positions-and-vocabulary",
         "olmo-tying", 0, False),
        ("The next piece", f"chosen by {c.vocab_size:,} scores", "chapters/gemma/06-gemma-assembled",
         "gemma-choosing", 0, False),
    ]  # fmt: skip
    return before, block, after


def around(known):
    """[(title, detail, page, what it leads to)]: what else the book does with such a model."""
    other, percent = known["other"], f"{100 * known['adapter'] / known['total']:.1f} %"
    return [
        ("OLMo", f"The same parts, other choices: OLMo 7B has {other.layers} blocks and {large(known['other_total'])} "
         "numbers. How it was trained is open too.", "chapters/olmo/index", "Attention"),
        ("DoRA", f"Tune it and leave it as it is: adapters of rank {RANK} at all matrices of the blocks train "
         f"{percent} as many numbers.", "chapters/dora/index", "Gated layer, GeGLU"),
        ("Tiny Titans", "Is a small model good enough? Let it sum up meetings, score what it says, and hold it against "
         "larger ones.", "chapters/tiny-titans/index", "The next piece"),
    ]  # fmt: skip


class PartsNode(nodes.General, nodes.Element):
    """Stands where the picture will be."""


class PartsDirective(SphinxDirective):
    """Put the picture here. It takes no argument and no content."""

    def run(self):
        """Leave the placeholder; its page is written anew in every build, as one with a map is (chapter_map.py)."""
        self.env.metadata[self.env.docname]["has_chapter_map"] = True
        return [PartsNode()]


class FillParts(SphinxPostTransform):
    """Replace the placeholder of the page being written."""

    default_priority = 5
    formats = ("html",)

    def run(self, **options):
        """Draw both pictures; front.css shows the one that fits."""
        for node in list(self.document.findall(PartsNode)):
            node.replace_self(nodes.raw("", self.figure(), format="html"))

    def figure(self):
        """Both drawings, and what they show."""
        known = facts()
        before, block, after = ([self.part(*each) for each in parts if self.has(each[2])] for parts in model(known))
        c, total = known["config"], large(known["total"])
        rows = [*before, Frame(f"{c.layers} blocks, each of these parts", tuple(block)), *after]
        beside = [(self.part(title, detail, page, "", 0, False), target)
                  for title, detail, page, target in around(known)
                  if self.has(page) and target in {part.title for part in (*before, *block, *after)}]  # fmt: skip
        name = "What the book builds: the parts of Gemma 2B, and what is done with them"
        drawings = "".join(draw_parts(rows, beside, name, wide) for wide in (True, False))
        caption = (f"Gemma 2B as it was published: {total} numbers. You build each part, on the page whose number it "
                   "has. A bar is the part's share of all numbers.")  # fmt: skip
        return f'<figure class="parts">{drawings}<figcaption>{caption}</figcaption></figure>'

    def has(self, page):
        """Whether the book has a page; a part that is there a second time needs none."""
        return page is None or page in self.env.titles

    def part(self, title, detail, page, anchor, share, added):
        """A part as the drawing wants it."""
        if page is None:
            return Part(title, detail, share=share, added=added)
        builder, here = self.app.builder, self.env.docname
        href = builder.get_relative_uri(here, page) + f"#{anchor}" * bool(anchor)
        number = ".".join(map(str, self.env.toc_secnumbers.get(page, {}).get("", ()))) or UNNUMBERED
        return Part(title, detail, href, number, self.env.titles[page].astext(), share, added)


def setup(app):
    """Register the extension with Sphinx."""
    app.add_node(PartsNode)
    app.add_directive("book-parts", PartsDirective)
    app.add_post_transform(FillParts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
