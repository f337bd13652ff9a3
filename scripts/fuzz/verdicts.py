"""What became of a case.

Every case has one of six outcomes:

- right: the reader took it, and what it gave is what the files say, by a second reading of their bytes;
- clear: it was refused with the reader's documented error, whose message names a file, can be printed and is not long,
  and whatever the reader was to fill is as it was before;
- unclear: another exception, or such an error with a message that says less;
- hang: no answer within the limit of time;
- crash: the process died;
- wrong: it was taken, and what came of it is not what the files say: a field that was ignored, numbers of elsewhere, a
  mixture of two sets; or it was refused, and something had changed already.
"""

from dataclasses import dataclass

OUTCOMES = ("right", "clear", "unclear", "hang", "crash", "wrong")
BAD = OUTCOMES[2:]


@dataclass(frozen=True)
class Verdict:
    """What became of a case."""

    kind: str
    number: int
    outcome: str
    what: str = ""
    """What was done to the files, or when the writer was killed."""
    why: str = ""
    """The message, or what is not right."""

    def __str__(self) -> str:
        return f"{self.outcome:8s} --case {self.kind}:{self.number}  ({self.what})\n    {self.why}"
