"""Read the letters in the formulas of a page, and what book/notation.md says about them."""

import re

FENCED = re.compile(r"^(`{3,}|~{3,})(\{[\w-]+\})?([^\n]*)\n((?:.*\n)*?)\1[ ]*$", re.M)
OPTION = re.compile(r"^:[\w-]+:.*$", re.M)
INLINE_CODE = re.compile(r"(?<![`\w\\])`[^`\n]*`|<!--(?:.|\n)*?-->")
MATH = re.compile(r"\$\$(.*?)\$\$|(?<![\\$])\$([^$]+)\$(?!\d)", re.S)
WORDS = re.compile(r"\\(?:text\w*|mathrm|mathsf|mathbb|operatorname|label|begin|end)\*?\{[^{}]*\}")
SCRIPT = re.compile(r"\\mathcal\s*\{?([A-Za-z])\}?")
GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega|"
    "Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega|ell|nabla|partial"
)
LETTER = re.compile(rf"\\(?:{GREEK})(?![A-Za-z])|\\[A-Za-z]+|\\.|[A-Za-z]")
PAGE_ROW = re.compile(r"^\* - \{doc\}`/?([\w/-]+)`\n  - (.*(?:\n    .*)*)", re.M)
TABLE = re.compile(r"^```\{list-table\}[^\n]*\n:name: tab-notation-(shapes|symbols)\n(?:.*\n)*?```", re.M)
FIRST_CELL = re.compile(r"^\* - (.*)$", re.M)


def letters(formula):
    """The letters of a formula: Latin ones, commands of Greek ones; script letters are written as commands."""
    kept = WORDS.sub(" ", formula)
    script = {f"script {found[1]}" for found in SCRIPT.finditer(kept)}
    found = LETTER.findall(SCRIPT.sub(" ", kept))
    return script | {letter for letter in found if len(letter) == 1 or re.fullmatch(rf"\\(?:{GREEK})", letter)}


def without_code(text):
    """A text without its code: of directives the body is kept, that of {math} as a formula."""

    def body(fence):
        kind, title, inside = fence[2], fence[3], fence[4]
        if kind == "{math}":
            return f"$${OPTION.sub('', inside)}$$"
        return f"{title}\n\n{inside}" if kind and not kind.startswith("{code") else " "

    return INLINE_CODE.sub(" ", FENCED.sub(body, text))


def page_letters(text):
    """All letters in the formulas of a text; code is no formula."""
    formulas = MATH.finditer(without_code(text))
    return {letter for found in formulas for letter in letters("".join(part or "" for part in found.groups()))}


def book_letters(notation):
    """The letters in the first columns of the tables of shapes and of symbols: of one meaning in the whole book."""
    cells = [cell for table in TABLE.finditer(notation) for cell in FIRST_CELL.findall(table[0])]
    return page_letters("\n".join(cells))


def own_letters(notation):
    """{page: letters that the table of pages explains for it}."""
    return {page: page_letters(cell) for page, cell in PAGE_ROW.findall(notation)}
