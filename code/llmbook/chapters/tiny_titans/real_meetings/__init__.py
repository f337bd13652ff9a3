"""Real meetings: what serves chapters/tiny-titans/09-real-meetings.ipynb alone."""
