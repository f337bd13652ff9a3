r"""A score that does not pay for copying: facts kept, as far as the summary saves the reading of the transcript.

The F1 of the facts (``meetings/fact_check.py``) charges for what is missing and for what is wrong, and nothing for
length: the whole transcript states every fact and, apart from code names, nothing wrong. But a summary is there to save
reading. With w words in a summary, T in the transcript and r in the reference, the share of the reading that is saved,
measured by what the reference saves, is

.. math::

    s = \min\Big(1, \max\Big(0, \frac{T - w}{T - r}\Big)\Big), \qquad \text{net } F_1 = s \cdot F_1 .

The reference has 1. The transcript has 0, whatever it states, and so has anything that is as long. A summary that is
shorter than the reference earns nothing by it: what it leaves out is missing in the recall already.
"""

from llmbook.meetings.fact_check import check_facts
from llmbook.meetings.meeting import Meeting


def reading_saved(meeting: Meeting, summary: str, instruction: str = "long") -> float:
    """The share of the reading that a summary saves, from 0 to 1, where 1 is what the reference saves.

    Args:
        meeting: its transcript and its reference give the two lengths.
        summary: counted in words, as ``str.split`` finds them.
        instruction: which reference.

    Raises:
        ValueError: the reference is as long as the transcript, so there is nothing to save.
    """
    whole, target = meeting.words, len(meeting.reference(instruction).split())
    if target >= whole:
        raise ValueError(f"the reference has {target} words and the transcript {whole}: no summary can save reading")
    return min(1.0, max(0.0, (whole - len(summary.split())) / (whole - target)))


def net_f1(meeting: Meeting, summary: str, instruction: str = "long") -> float:
    """F1 of the facts times :func:`reading_saved`."""
    return check_facts(meeting, summary, instruction).f1 * reading_saved(meeting, summary, instruction)
