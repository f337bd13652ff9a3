"""Read the glossary and hold pages against it: where each term is taught, and whether its first use on a page links.

A page's opening, its first cell, is a list of promises: a link there counts for the whole page, but none is asked for.
Read as prose are Markdown cells without code, formulas, headings, roles and the words of links.
"""

import json
import re
from pathlib import Path

from prose_text import NOT_PROSE

MORE_NOT_PROSE = re.compile(r"(?<![\\$])\$[^$]+\$|!?\[[^\]\n]*\]\([^)\n]*\)")
ROLE = re.compile(r"\{term\}`(?:[^`<]*<([^`>]+)>|([^`]+))`")
ENTRY = re.compile(r"^(\S.*)\n((?:  .*\n|\n(?=  ))+)", re.M)
TAUGHT = re.compile(r"^  Taught in \{(ref|doc)\}`([^`]+)`\.$", re.M)

# Other words for a term, beside its plural: a form counts as a mention of the term, and asks for a link as it does.
FORMS = {
    "activation memory": ("activations",),
    "Bonferroni correction": ("Bonferroni",),
    "byte-pair encoding": ("BPE",),
    "data parallel": ("data parallelism",),
    "fine-tuning": ("fine-tuned", "fine-tune"),
    "gradient clipping": ("gradient-norm clipping",),
    "greedy decoding": ("greedily",),
    "learning-rate schedule": ("schedule",),
    "memory bandwidth": ("bandwidth",),
    "NF4": ("NormalFloat",),
    "one-hot vector": ("one-hot",),
    "quantization": ("quantized", "quantize"),
    "query": ("queries",),
    "RoPE": ("rotary embedding", "rotary position embedding"),
    "singular value decomposition": ("SVD",),
    "tanh approximation": ("tanh version",),
    "vocabulary": ("vocabularies",),
    "weight tying": ("tied weights", "tied embedding"),
}

# Terms whose words are everyday words too, or have another meaning on some pages: a link is welcome where the term is
# meant, and no program can tell where that is.
EVERYDAY = {
    "activation": "a function, and a number that is kept",
    "activation memory": "its other word, activations, has two meanings",
    "bias": "of an estimate, a judge, a layer",
    "block": "of a model, of weights, of text",
    "branch": "of a tree, of a program",
    "clipping": "of counts, of gradients, of keys",
    "direction": "of reading, of a comparison",
    "energy": "a word of every day",
    "gain": "to gain, a gain of two points",
    "head": "of a row, of a list",
    "key": "of a table, of a dictionary",
    "leak": "a word of every day",
    "learning-rate schedule": "a schedule is also that of a meeting",
    "magnitude": "orders of magnitude",
    "merge": "of pairs of tokens, of adapters",
    "precision": "of numbers, of summaries",
    "quiet": "a word of every day",
    "rank": "of a matrix, in a list",
    "recall": "a share, a verb",
    "sampling": "of tokens, of sentences, of meetings",
    "standard deviation": "known before the book",
    "stem": "a word of every day",
    "tanh": "part of the name of a GELU",
    "truncation": "of a text, of a sum",
    "value": "of a variable, of a number",
    "variance": "known before the book",
    "warm-up": "of a learning rate, an easy exercise",
}


def entries(glossary):
    """{term: the text of its entry} of the source of a glossary."""
    body = glossary.split("```{glossary}\n", 1)[1].split("\n```", 1)[0] + "\n"
    return dict(ENTRY.findall(body))


def pattern(terms):
    """A pattern that finds all terms in all forms, the longest where several fit; and {form as key writes it: term}."""
    named = {form: term for term in terms for form in (term, *FORMS.get(term, ()))}
    forms = sorted(named, key=len, reverse=True)
    written = "|".join(re.sub(r"(?:\\?[ -])+", r"[\\s-]", re.escape(form)) + "(?:s|es)?" for form in forms)
    found = re.compile(rf"(?<![\w-])(?:{written})(?![\w+-])", re.I)
    return found, {key(form): term for form, term in named.items()}


def key(words):
    """Words in one writing: small letters, blanks for hyphens and line breaks."""
    return re.sub(r"[\s-]+", " ", words).lower()


def term_of(words, named):
    """The term that some words stand for, in the singular or plural; an abbreviation needs its capitals."""
    for form in (key(words), key(words).removesuffix("s"), key(words).removesuffix("es")):
        term = named.get(form)
        if term and (form != key(term) or term == term.lower() or term.rstrip("+")[1:] in words):
            return term
    return None


def mentions(text, term):
    """Whether a text has a term in one of its forms, roles included."""
    found, named = pattern([term])
    plain = re.sub(r"`[^`<]*<([^`>]+)>`", r" \1 ", text).replace("`", " ")
    return any(term_of(match[0], named) for match in found.finditer(plain))


def section(source, label):
    """The part of a page that a label names: from its heading to the next of the same or a higher level; or nothing."""
    start = re.search(rf"^\({re.escape(label)}\)=\n(#+) .*\n", source, re.M)
    if not start:
        return ""
    rest = source[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.M)
    return start[0] + (rest[: end.start()] if end else rest)


def markdown(path):
    """[(number of the cell, text)] of the Markdown of a notebook."""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return [(i, "".join(cell["source"])) for i, cell in enumerate(cells) if cell["cell_type"] == "markdown"]


def blank(match):
    """As many blanks as a match has letters."""
    return re.sub(r"[^\n]", " ", match[0])


def first_uses(cells, terms):
    """[(cell, start, end, term)]: where a page uses a term in prose before it has linked it. The opening is let off."""
    found, named = pattern(terms)
    linked, problems = set(), []
    for index, text in cells:
        roles = [(role.start(), 0, role[1] or role[2]) for role in ROLE.finditer(text)]
        prose = NOT_PROSE.sub(blank, MORE_NOT_PROSE.sub(blank, text))
        words = [(use.start(), use.end(), use[0]) for use in found.finditer(prose)]
        for start, end, said in sorted(roles + words):
            term = term_of(said, named)
            if term and term not in linked and (index or not end):
                linked.add(term)
                problems += [(index, start, end, term)] if end else []
    return problems
