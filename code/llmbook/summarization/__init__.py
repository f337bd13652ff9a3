"""Meetings and their summaries: the synthetic corpus of the book (``meetings.py``)."""
