"""The front page: the picture of the parts, read back from its SVG and held against the package; and the doors."""

import re
import sys
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from book_build import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))
import book_parts
import elsewhere
from parts_drawing import NARROW, WIDE, Frame, Part, draw_parts, stack

from llmbook.models import Decoder, gemma
from llmbook.training.generators import undrawn

KNOWN = book_parts.facts()
MODEL = book_parts.model(KNOWN)
AROUND = book_parts.around(KNOWN)


def drawing(wide, share=None):
    """The picture as the front page has it, with addresses and numbers of its own."""
    def part(title, detail, page, anchor, own, added):
        if page is None:
            return Part(title, detail, added=added)
        return Part(title, detail, f"{page}.html#{anchor}", "4.4", "A title", own if share is None else share, added)

    before, block, after = ([part(*each) for each in parts] for parts in MODEL)
    beside = [(part(title, detail, page, "", 0, False), target) for title, detail, page, target in AROUND]
    return draw_parts([*before, Frame("18 blocks", tuple(block)), *after], beside, "Parts", wide)


def read(svg):
    """The SVG as a tree; names without their namespace."""
    return ElementTree.fromstring(svg)


def number(element, name):
    return float(element.get(name))


def groups(svg):
    """[(rectangle of a part, its texts, its link or None)]."""
    return [(each.find("rect"), each.findall("text"), each.get("href")) for each in read(svg).iter()
            if each.get("class") in ("parts-box", "parts-again")]  # fmt: skip


def too_wide(svg):
    """Lines that do not fit their box: letters of 13 px take 7.3 at most, bold ones of 14.5 px 8.6."""
    found = []
    for box, texts, _ in groups(svg):
        end, bottom = number(box, "x") + number(box, "width"), number(box, "y") + number(box, "height")
        for text in texts:
            letter = 8.6 if text.get("class") == "parts-title" else 7.3
            if text.get("text-anchor") == "end":
                continue
            fits = number(text, "x") + letter * len(text.text) <= end and number(text, "y") <= bottom - 3
            found += [] if fits else [text.text]
    return found


@pytest.mark.parametrize("wide", [True, False])
def test_words_fit_their_boxes_and_boxes_stand_apart(wide):
    svg = drawing(wide)
    assert not too_wide(svg)
    boxes = sorted((number(box, "x"), number(box, "y"), number(box, "height")) for box, _, _ in groups(svg))
    assert all(x != other or y + height < below for (x, y, height), (other, below, _) in pairwise(boxes))
    _, _, width, height = map(float, read(svg).get("viewBox").split())
    assert width == (WIDE if wide else NARROW) and max(y + tall for _, y, tall in boxes) <= height


def test_a_word_that_does_not_fit_is_seen():
    """The twin: a longer word in the place of one that fits."""
    assert too_wide(drawing(True).replace(">Pieces of words<", f">{'M' * 60}<")) == ["M" * 60]


@pytest.mark.parametrize("wide", [True, False])
def test_every_part_is_a_link_with_a_name_but_one_that_stands_there_again(wide):
    linked = [href for _, _, href in groups(drawing(wide)) if href]
    pages = [each[2] for parts in MODEL for each in parts if each[2]] + [each[2] for each in AROUND]
    assert [href.partition(".html")[0] for href in linked] == pages and len(linked) == len(groups(drawing(wide))) - 2
    names = [each.get("aria-label") for each in read(drawing(wide)).iter() if each.get("class") == "parts-box"]
    assert names[1].startswith("Embedding, scaled. a row of 2,048 numbers") and names[1].endswith("4.4: A title")


def test_every_link_leads_to_a_page_and_a_label_of_the_book():
    """Labels are written `(label)=` on the page."""
    places = [(each[2], each[3]) for parts in MODEL for each in parts if each[2]] + [(each[2], "") for each in AROUND]
    for page, label in places:
        (path,) = [path for ending in (".ipynb", ".md") if (path := ROOT / f"{page}{ending}").exists()]
        assert f"({label})=" in path.read_text("utf-8") if label else True, (page, label)


def test_the_numbers_are_those_of_the_module():
    """Counted, where the picture computes them; on the meta device nothing is drawn."""
    import torch

    with torch.device("meta"):
        model = undrawn(Decoder, gemma.PUBLISHED["gemma-2b"])
    sizes = {name: tensor.numel() for name, tensor in model.named_parameters()}
    assert sum(sizes.values()) == KNOWN["total"]
    for part, word in (("embedding", "embed_tokens"), ("attention", "self_attn"), ("feedforward", ".mlp.")):
        assert sum(size for name, size in sizes.items() if word in name) == KNOWN[part]
    rows = [tuple(tensor.shape) for name, tensor in model.named_parameters() if tensor.ndim == 2 and "layers" in name]
    assert KNOWN["adapter"] == sum(16 * (put + got) + got for got, put in rows)


def test_a_bar_is_as_long_as_its_share():
    shares = [each[4] for parts in MODEL for each in parts if each[4]]
    drawn = [each for each in read(drawing(True)).iter() if each.get("class") == "parts-bar"]
    boxes = [box for box, _, href in groups(drawing(True)) if href]
    inner = number(boxes[1], "width") - 18
    assert [number(bar, "width") for bar in drawn] == pytest.approx([inner * share for share in shares], abs=0.01)
    assert 0.99 < sum(shares) < 1, "norms have the rest"


def test_the_frame_stands_around_the_block_alone():
    before, block, after = ([Part(each[0]) for each in parts] for parts in MODEL)
    boxes, [(heading, top, bottom)] = stack([*before, Frame("x", tuple(block)), *after], 300)
    inside = [box.part.title for box in boxes if top < box.y and box.end < bottom]
    assert heading == "x" and inside == [part.title for part in block]


def stream_ends(svg):
    """Heights at which the residual stream begins and ends."""
    (path,) = [each.get("d") for each in read(svg).iter() if each.get("class") == "parts-stream"]
    return [float(each) for each in re.fullmatch(r"M[\d.]+ ([\d.]+) V([\d.]+)", path).groups()]


def test_the_stream_begins_at_the_embedding_and_ends_at_the_last_norm():
    """Pieces are no numbers yet, and scores are none of the stream's."""
    svg = drawing(False)
    boxes = [(number(box, "y"), number(box, "height"), texts[0].text) for box, texts, _ in groups(svg)]
    begin, end = ([name for y, height, name in boxes if y < place < y + height] for place in stream_ends(svg))
    assert (begin, end) == (["Embedding, scaled"], ["Norm"])
    assert svg.count('class="parts-plus"') == 2, "one for each branch of a block"


@pytest.mark.parametrize(("count", "said"), [(524_288_000, "524 million"), (2_506_172_416, "2.51 billion"), (64, "64")])
def test_counts_in_words(count, said):
    assert book_parts.large(count) == said


def elsewhere_links(repository):
    """The addresses that the directive makes of a setting."""
    config = SimpleNamespace(book_repository=repository, book_branch="main", book_hub="")
    directive = SimpleNamespace(env=SimpleNamespace(config=config), arguments=["chapters/gemma/04-norms"])
    made = elsewhere.Elsewhere.run(directive)
    return [link["refuri"] for node in made for link in node.findall(elsewhere.nodes.reference)]


def test_without_an_address_the_door_has_no_link_elsewhere():
    """The twin: with one, the notebook opens in two places."""
    assert elsewhere_links("") == []
    colab, binder = elsewhere_links("https://github.com/a/b.git/")
    assert colab.endswith("/github/a/b/blob/main/book/notebooks/gemma/04-norms.ipynb") and "mybinder.org" in binder


SOURCE = (ROOT / "book" / "index.md").read_text("utf-8")


def doors(source):
    """[the Markdown of a door]."""
    return re.findall(r"^:::\{div\} door\n(.*?)^:::$", source, re.M | re.S)


def test_each_door_begins_with_its_one_large_link():
    firsts = [door.splitlines()[0] for door in doors(SOURCE)]
    assert firsts == ["{doc}`Read <a-transformer-in-twenty-minutes>`", "{doc}`Run <setup>`", "{doc}`Teach <teach>`"]
    assert all(door.splitlines()[1] == "" for door in doors(SOURCE))


def first_commands(text):
    """The two commands of make that a text begins with."""
    return re.findall(r"^make \w+", text, re.M)[:2]


def test_the_commands_of_the_door_exist_and_are_those_of_setup_and_readme():
    """Targets of the Makefile, in the order in which they are typed."""
    two = first_commands(doors(SOURCE)[1])
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert len(two) == 2 and all(re.search(rf"^{each.removeprefix('make ')}:", makefile, re.M) for each in two)
    others = [(ROOT / name).read_text("utf-8") for name in ("README.md", "book/setup.md")]
    assert [first_commands(text) for text in others] == [two, two]
    swapped = others[0].replace(two[0], "make later").replace(two[1], two[0])
    assert first_commands(swapped) != two, "the twin: another order"


def test_the_built_front_page_is_light_and_has_one_title(built_book):
    """No formula, so no MathJax; every part of the picture leads to a page that was built."""
    html = (built_book / "book" / "index.html").read_text("utf-8")
    assert html.count("<title>") >= 1 and re.search(r"<title>([^<]*)</title>", html)[1] == "Open LLMs from Scratch"
    assert "mathjax/" not in html and html.count('class="book-parts') == 2
    links = re.findall(r'class="parts-box" href="([^"#]*)', html)
    assert len(links) == 2 * 12 and all((built_book / "book" / link).resolve().is_file() for link in links)
