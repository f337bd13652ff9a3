"""Training: one loop that yields records for every chapter (``loop.py``); a resumable pretraining run (``run.py``)."""
