"""The style of all figures (``style.py``) and figures that several pages share: from arrays to a matplotlib figure."""
