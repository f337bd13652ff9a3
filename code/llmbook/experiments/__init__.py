"""Experiments that several pages share; ``fresh_faults`` and ``judges``, which scripts run for one page or none."""
