"""Training: one loop that yields records, for every chapter (``loop.py``)."""
