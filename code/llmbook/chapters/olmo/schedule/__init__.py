"""AdamW and the learning-rate schedule: what serves chapters/olmo/04-schedule.ipynb alone."""
