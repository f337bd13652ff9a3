"""Read the numbers that a page states: in Markdown, captions and alt texts, and in what a cell prints.

What is not a number of the text is blanked out, so that every other character keeps its place.
"""

import re
from dataclasses import dataclass
from functools import cached_property

# Blanked out: each line says what, and why nobody would look for it in an output.
NOT_PROSE = re.compile(
    r"""
      ^(?P<fence>`{3,}|:{3,}|~{3,})[ ]*(?:\{(?:math|bibliography|code[\w-]*|mermaid)\}.*|[^{\n]*)\n  # code
        (?:.*\n)*?(?P=fence)[ ]*$
    | ^(?:`{3,}|:{3,}).*$                       # first and last line of other directives: what stands inside is prose
    | ^:[\w-]+:.*$                              # their options
    | ^\#{1,6}[ ].*$                            # headings
    | ^\*Reproduces:[^*]*\*                     # the declared class of a result, checked by other means
    | ^[ ]*\d+[.)][ ]                           # numbers of a list
    | ^\([\w-]+\)=$                             # labels
    | \$\$(?:.|\n)*?\$\$(?:[ ]*\([\w-]+\))?     # displayed equations define; a result stands in the sentence
    | <!--(?:.|\n)*?--> | <[^>\s][^>\n]*>       # comments, tags, addresses
    | \{[\w:-]+\}`[^`]*`                        # roles: a reference or a citation
    | (?P<ticks>`+)(?:.|\n)*?(?P=ticks)         # code within a line
    | (?<=\])\([^)\n]*\)                        # where a link leads
    | \[\#?\d+\](?=\()                        # issues as the words of a link
    | https?://\S+ | arXiv:[\d.]+ | \#\d+            # addresses, the number of an issue
    """,
    re.M | re.X,
)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
NAMES = (
    "Llama|LLaMA|OLMo|Gemma|Qwen|Phi|GPT|T5|Falcon|Mistral|Mixtral|Pythia|BLOOM|OPT|GPT-NeoX|MPT|RedPajama-INCITE|"
    "PyTorch|torch|transformers|PEFT|NumPy|Windows|macOS|Ubuntu|[Vv]ersions?|T5 v?"
)
PLACES = "[Pp]ages?|[Cc]hapters?|[Ss]ections?|[Tt]ables?|[Ff]igures?|[Aa]ppendix|[Ee]quations?|[Ee]ditions?|[Ii]ssues?"
# Digits that name something: a date, a version, a model, a type of number, a place in a paper, a part of a formula.
IS_NAME = re.compile(
    rf"""
      \b(?:\d{{1,2}}[ ]+)?(?:{MONTHS})(?:[ ]+\d{{1,2}}\b)?(?:,?[ ]+(?:19|20)\d\d\b)?
    | (?<![\d.,$\w])(?:19|20)\d\d(?![\d\w%]|[.,]\d)           # a year; other numbers of four digits have a comma
    | \b(?:{NAMES})[ -]v?\d+(?:\.\d+)*\w*
    | \bPython[ ]3\.\d+(?:(?:,|[ ]or|[ ]and|[ ]to)[ ]3\.\d+)*
    | \b(?:{PLACES})[ ~](?:\d+(?:\.\d+)*)(?:(?:,|[ ](?:and|to))[ ]\d+(?:\.\d+)*)*
    | (?<![\w.,])\d+(?:\.\d+)+\.\d+                           # versions such as 2.0.1
    | \b(?:8|16|32|64)[ -]bits?\b
    | [A-Za-z_][A-Za-z_]*-?\d[\w.]*\w|[A-Za-z_]\d+            # T5, bf16, GPT-3.5
    | (?<![\w.,])\d+(?:\.\d+)?(?:x\d+)?[A-Za-z]\w*             # 7B, 8x7B, 12th
    | [\^_](?:\{{[^{{}}]*\}}|\\?\w)                            # exponents and indices
    | \\[td]?frac[ ]*\d[ ]*\d
    """,
    re.X,
)
TIMES_POWER = r"[ ]*(?:\\times|\\cdot|×|·)[ ]*10\^(?:\{(-?\d+)\}|(\d))"
DIGITS = r"\d{1,3}(?:(?:,|\{,\}|\\,)\d{3})+(?:\.\d+)?(?!\d)|\d[\d_]*(?:\.\d+)?|\.\d+"
NUMBER = re.compile(rf"(?<![\w.])([-−–+]?)({DIGITS})(?:{TIMES_POWER}|e([+-]?\d+)(?!\w))?")
POWER_OF_TEN = re.compile(r"\b10\^(?:\{-?\d+\}|\d)")
UNIT = re.compile(
    r"[\s$~\\,{}]*(%|percent\b|thousand\b|million\b|billion\b|trillion\b|[KMGT]iB\b|[kKMGT]B\b|ms\b|µs\b|[MGT]?FLOPs?\b)"
)
THOUSANDS = {"thousand": 1e-3, "million": 1e-6, "billion": 1e-9, "trillion": 1e-12}
SCALES = {"%": 100, "percent": 100, **THOUSANDS, "ms": 1e3, "µs": 1e6}
SCALES |= {f"{letter}iB": 2.0 ** (-10 * power) for power, letter in enumerate("KMGT", start=1)}
SCALES |= {f"{letter}B": 10.0 ** (-3 * power) for power, letter in enumerate("kMGT", start=1)} | {"KB": 1e-3}
SCALES |= {f"{letter}FLOP{s}": 10.0 ** (-3 * power) for power, letter in enumerate("MGT", start=2) for s in ("", "s")}
HEDGES = {
    "about": re.compile(r"(?:about|around|near|nearly|almost|roughly|some|≈|\\approx|~)[\s$*]*$", re.I),
    "above": re.compile(r"(?:more than|over|above|beyond|larger than)[\s$*]*$", re.I),
    "below": re.compile(r"(?:less than|fewer than|under|below|smaller than)[\s$*]*$", re.I),
}


@dataclass(frozen=True)
class Number:
    """A number as it is written: its place in the text, its value, and the unit of its last digit."""

    text: str
    start: int
    end: int
    value: float
    step: float
    scale: float = 1.0
    hedges: tuple = ()

    @cached_property
    def range(self):
        """How far below and above the stated value a source may lie: half a unit, or what the words before it allow."""
        zeros = len(re.search(r"0*$", re.sub(r"\D", "", self.text))[0]) if self.step == 1.0 else 0
        half, whole = self.step / 2 * (10**zeros if "about" in self.hedges else 1), self.step * 0.999999
        if "above" in self.hedges or "below" in self.hedges:
            return (whole, 0.0) if "below" in self.hedges else (0.0, whole)
        return half, half

    @cached_property
    def digits(self):
        """How many significant digits it has. The zeros that end a whole number count, unless it is a power of ten."""
        mantissa = re.split(r"e|\\times|\\cdot|×|·", self.text)[0]
        plain = re.sub(r"[^\d.]", "", mantissa).lstrip("0")
        if "." in plain:
            return len(plain.replace(".", "").lstrip("0"))
        return 1 if re.fullmatch("10*", plain) else len(plain)


def blank(pattern, text):
    """The text with every match of a pattern replaced by as many spaces."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def numbers_in(text):
    """Every number of a text without markup, as Number, names and one-digit numbers included."""
    for match in NUMBER.finditer(text):
        sign, digits, braced, bare, exponent = match.groups()
        plain = re.sub(r"[^\d.]", "", digits)
        power = int(braced or bare or exponent or 0)
        value = float(f"{plain}e{power}")
        step = 10.0 ** (power - (len(plain.split(".")[1]) if "." in plain else 0))
        unit = UNIT.match(text, match.end())
        minus = sign in ("-", "−") and not re.search(r"[\w)\]]$", text[: match.start()])
        yield Number(
            text=text[match.start(2) : match.end()],
            start=match.start(2),
            end=match.end(),
            value=-value if minus else value,
            step=step,
            scale=SCALES.get(unit[1], 1.0) if unit else 1.0,
            hedges=tuple(name for name, words in HEDGES.items() if words.search(text[: match.start()])),
        )


def prose_numbers(markdown):
    """The numbers of two or more significant digits that Markdown states, in order."""
    text = blank(NOT_PROSE, markdown)
    kept = [each for each in numbers_in(text) if each.digits > 1 and not POWER_OF_TEN.match(text, each.start)]
    named = blank(IS_NAME, text)
    return [each for each in kept if named[each.start] == text[each.start]]
