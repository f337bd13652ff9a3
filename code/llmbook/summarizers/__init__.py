"""Systems that summarize meetings, from three turns copied to a tuned T5, and how their summaries are scored."""
