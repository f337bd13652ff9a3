"""Meetings and their summaries: the synthetic corpus of the book (``meetings.py``), and how a summary is scored.

``rouge.py`` counts shared words, ``bootstrap.py`` says how certain a mean score is. ``fact_check.py`` says what is
true and what is not, which only a corpus with known facts allows.
"""
