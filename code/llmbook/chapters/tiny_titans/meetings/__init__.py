"""Meetings: what serves chapters/tiny-titans/05-meetings.ipynb alone."""
