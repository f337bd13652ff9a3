"""Show of each figure the drawing that fits: wide or narrow, on light or on dark paper.

A figure comes with its drawings (llmbook/plots/forms.py): the one that every notebook shows, and others in the metadata
of its output. Here each becomes a file and an <img> of its own. The style of the page shows one of them, and those that
it hides are never loaded.
"""

from html import escape

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer

CLASSES = {
    frozenset({"narrow"}): {"wide": "drawn-wide", "narrow": "drawn-narrow"},
    frozenset({"dark"}): {"wide": "drawn-light", "dark": "drawn-dark"},
    frozenset({"narrow", "dark", "narrow-dark"}): {
        "wide": "drawn-wide drawn-light",
        "narrow": "drawn-narrow drawn-light",
        "dark": "drawn-wide drawn-dark",
        "narrow-dark": "drawn-narrow drawn-dark",
    },
    frozenset(): {"wide": ""},
}
"""The classes of each drawing, by the names of the others."""


class drawing(nodes.image):
    """One drawing of a figure; `least` is how many pixels it must have across, or None."""


def draw_all(render, self, data):
    """What myst-nb makes of a figure, once for each of its drawings.

    Args:
        render: myst-nb's own method.
        self: its renderer.
        data: the output of a cell.
    """
    if data.mime_type != "image/svg+xml" or not isinstance(data.content, str):
        return render(self, data)
    about = data.output_metadata.get(data.mime_type, {})
    forms = about.get("forms", {})
    classes = CLASSES[frozenset(forms)]
    found = []
    for name, svg in {"wide": data.content, **forms}.items():
        (image,) = render(self, MimeData(data.mime_type, svg, data.cell_metadata, {}, line=data.line))
        node = drawing(**image.attributes)
        node["classes"] = [*image["classes"], *classes[name].split()]
        node["least"] = about.get("least")
        found.append(node)
    return found


def visit_drawing(self, node):
    """Write the <img>; in a box that scrolls where a narrow screen would make its letters too small."""
    address = self.builder.images.get(node["uri"])
    source = f"{self.builder.imgpath}/{address}" if address else node["uri"]
    classes = f' class="{" ".join(node["classes"])}"' if node["classes"] else ""
    image = f'<img{classes} src="{source}" alt="{escape(node.get("alt", ""))}" loading="lazy">'
    if node["least"]:
        image = f'<div class="drawing-scrolls" style="--least: {node["least"]}px">{image}</div>'
    self.body.append(image)
    raise nodes.SkipNode


def visit_image(self, node):
    """For all who know no drawings: an image."""
    return self.visit_image(node)


def depart_image(self, node):
    """The same at its end."""
    return self.depart_image(node)


def setup(app):
    """Register the extension with Sphinx."""
    own = NbElementRenderer.render_image
    if not hasattr(own, "draws_all"):  # a second build in one process
        render_image = lambda self, data: draw_all(own, self, data)  # noqa: E731
        render_image.draws_all = True
        NbElementRenderer.render_image = render_image
    others = (visit_image, depart_image)
    app.add_node(drawing, html=(visit_drawing, None), latex=others, text=others, man=others, texinfo=others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
