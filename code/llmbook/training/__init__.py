"""Training: one loop that yields records for every experiment (``loop.py``); a resumable pretraining (``run.py``)."""
