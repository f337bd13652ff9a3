"""What needs what: the table book/needs.yml, the links that it makes between pages, and a reader's way along them.

Pages are named as Sphinx names documents. `homes` says for each label on which page its section stands, `deep` has the
labels that stand behind the heading "Going deeper" of their page.
"""

from dataclasses import dataclass, field

import yaml

WORDS = {"core": ("core",), "whole": ("core", "deeper")}  # what is needed to read a page so far


@dataclass(frozen=True)
class Table:
    """needs: {page: {"core" or "deeper": labels}}, in the order of the book; paths: dicts as they stand in the file."""

    needs: dict = field(default_factory=dict)
    paths: list = field(default_factory=list)

    def labels(self, page, part):
        """The labels that reading a part of a page needs: its "core", or the "whole" of it."""
        return [label for word in WORDS[part] for label in self.needs.get(page, {}).get(word, [])]


def read_table(path):
    """The table of a book; an empty one for a book without."""
    if not path.exists():
        return Table()
    return Table(**yaml.safe_load(path.read_text(encoding="utf-8")))


def links(table, homes):
    """{page: {page that it needs: "core", or "deeper" if its core does not}}; unknown labels are left out."""
    found = {}
    for page in table.needs:
        places = {word: {homes[label] for label in table.needs[page].get(word, []) if label in homes}
                  for word in WORDS["whole"]}  # fmt: skip
        parts = dict.fromkeys(places["deeper"], "deeper") | dict.fromkeys(places["core"], "core")
        found[page] = {there: parts[there] for there in table.needs if there in parts and there != page}
    return found


def reached(links, page):
    """All pages that a page needs, directly or through others."""
    found, waiting = set(), [page]
    while waiting:
        new = set(links.get(waiting.pop(), {})) - found
        found |= new
        waiting += new
    return found


def reduced(links):
    """The links without those that a chain of others makes as well: what a drawing has to show.

    A need of the core is left out only for a chain of such needs.
    """
    firm = {page: {there: part for there, part in needed.items() if part == "core"} for page, needed in links.items()}
    graphs = {"core": firm, "deeper": links}
    return {
        page: {there: part for there, part in needed.items()
               if not any(there in reached(graphs[part], other) for other in graphs[part][page] if other != there)}
        for page, needed in links.items()
    }  # fmt: skip


def circles(links):
    """The pages that need themselves through others."""
    return sorted(page for page in links if page in reached(links, page))


def way(goals, table, homes, deep):
    """[(page, "core" or "whole")]: pages and all that they need, each behind what it needs, else in the book's order.

    Args:
        goals: {page: how far it is read, "core" or "whole"}.
        table: the table of needs.
        homes: {label: page}.
        deep: the labels in deeper parts; a page of which one is needed is read whole.
    """
    parts, waiting = dict(goals), list(goals)
    while waiting:
        page = waiting.pop()
        for label in table.labels(page, parts[page]):
            there, part = homes.get(label, page), "whole" if label in deep else "core"
            if there != page and parts.get(there) not in (part, "whole"):
                parts[there] = part
                waiting.append(there)
    order = [page for page in table.needs if page in parts]
    return [(page, parts[page]) for page in sorted_by_needs(order, table, homes, parts)]


def sorted_by_needs(order, table, homes, parts):
    """The pages of an order, those first that others need."""
    done = {}

    def visit(page):
        if page not in done:
            done[page] = False
            needed = {homes.get(label) for label in table.labels(page, parts[page])}
            for other in order:
                if other in needed:
                    visit(other)
            done[page] = True
            ready.append(page)

    ready = []
    for page in order:
        visit(page)
    return ready


def goals_of(path, order):
    """{page: "core" or "whole"} of a path of the table; all pages, whole, where it says `everything`."""
    if path.get("everything"):
        return dict.fromkeys(order, "whole")
    return {page: part for part in WORDS for page in path.get(part, [])}
