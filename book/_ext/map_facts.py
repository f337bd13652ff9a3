"""What the maps of the book show: its chapters, the table of needs, the times of its pages."""

from pathlib import Path

from needs import goals_of, links, read_table, reduced, way
from page_times import show_minutes, show_seconds

TABLE = "book/needs.yml"


class Book:
    """What the maps show, from Sphinx's environment once every page has been read."""

    def __init__(self, env):
        self.env, self.metadata = env, env.metadata
        listed = env.toctree_includes.get(env.config.root_doc, [])
        names = [name for name in listed if name.startswith("chapters/") and name.endswith("/index")]
        self.chapters = {name: list(env.toctree_includes.get(name, [])) for name in names}
        self.table = read_table(Path(env.srcdir) / TABLE)
        known = [page for page in self.table.needs if page in env.titles]
        self.opening = [page for page in known if not page.startswith("chapters/")]
        labels = env.get_domain("std").labels
        self.homes = {name: document for name, (document, _, _) in labels.items()}
        self.deep = {name for name, (document, anchor, _) in labels.items()
                     if anchor in self.metadata.get(document, {}).get("deeper_anchors", ())}  # fmt: skip
        self.pages = [*self.opening, *(page for pages in self.chapters.values() for page in pages if page in known)]
        self.exercises = [page for pages in self.chapters.values() for page in pages if self.doing(page)]
        self.parts = [(page, []) for page in self.opening] + list(self.chapters.items())
        self.linked = links(self.table, self.homes)
        self.drawn = reduced(self.linked)
        self.tour = {page for path in self.table.paths[:1] for page in goals_of(path, self.pages)}

    def steps(self, path):
        """[(page, "core" or "whole")] of a path, and of all that it needs; what the book lacks is left out."""
        goals = {page: part for page, part in goals_of(path, self.pages).items() if page in self.pages}
        return way(goals, self.table, self.homes, self.deep)

    def linked_within(self, pages):
        """The links to draw in the map of some pages: reduced among them, all to other pages."""
        return {page: {there: part for there, part in self.linked.get(page, {}).items()
                       if there not in pages or there in self.drawn[page]} for page in pages}  # fmt: skip

    def title(self, page):
        """The title of a page."""
        return self.env.titles[page].astext()

    def short(self, page):
        """The title of a page up to its first colon."""
        return self.title(page).partition(":")[0]

    def doing(self, page):
        """Minutes to do the exercises of a page."""
        return sum(self.metadata[page].get("exercise_minutes", ()))

    def minutes(self, page, part):
        """Minutes to read a page, "core" or "whole"; none for exercises, whose time is that of doing them."""
        if self.doing(page):
            return 0
        return self.metadata[page].get("core_minutes" if part == "core" else "read_minutes", 0)

    def step_times(self, page, part):
        """'24 min (core)' for a page of which no more is read, '44 min' for a whole page."""
        less = self.minutes(page, part) < self.minutes(page, "whole")
        return f"{self.minutes(page, part)} min{' (core)' * less}"

    def short_times(self, pages):
        """'24 / 44 min' for core and whole, '21 min' where they are one; for exercises alone the time to do them."""
        core, whole = (sum(self.minutes(page, part) for page in pages) for part in ("core", "whole"))
        if not whole:
            return show_minutes(sum(map(self.doing, pages)))
        return f"{core} / {whole} min" if core < whole else f"{whole} min"

    def reading(self, pages):
        """'24 min core, 44 min whole', '2 h 5 min of exercises', summed; what there is none of is left out."""
        core, whole = (sum(self.minutes(page, part) for page in pages) for part in ("core", "whole"))
        doing = sum(map(self.doing, pages))
        both = f"{show_minutes(core)} core, {show_minutes(whole)} whole"
        said = both if core < whole else f"{show_minutes(whole)} to read"
        return ", ".join([said] * bool(whole) + [f"{show_minutes(doing)} of exercises"] * bool(doing))

    def times(self, pages):
        """The same, and the seconds in which the code of these pages ran."""
        seconds = [self.metadata[page]["run_seconds"] for page in pages if "run_seconds" in self.metadata[page]]
        return self.reading(pages) + f", {show_seconds(sum(seconds))} to run" * bool(seconds)
