"""What was fixed before any test score was seen: numbers, instructions, and the order of the runs.

Seeds are run in their order, and with each LoRA before DoRA. A run that has to end early keeps the pairs that are
whole; which seeds those are is decided by the clock alone.
"""

MODEL = "smollm2"
"""Of the catalog of real weights."""
BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What other programs call the model that an adapter belongs to."""
SPAN_TOKENS = 384
"""The longest gold span, in tokens of the model: nothing is cut, and longer ones are left out."""
NEW_TOKENS = 80
"""The longest summary; it is written greedily."""
WRITTEN_AT_ONCE = 28
"""Queries of a batch, of similar length."""
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
"""What the model's own template says where nobody says anything else."""
INSTRUCTIONS = {
    "question last": "This is a part of a meeting.\n\n{span}\n\n{query} Answer in two or three sentences.",
    "question first": "{query} Answer in two or three sentences, from this part of a meeting.\n\n{span}",
    "minutes": "Summarize this part of a meeting in two or three sentences, in the third person and in the past tense, "
    "for somebody who was not there.\n\n{span}\n\nKeep to this question: {query}",
}
MAIN = "question last"
"""The instruction of the tuning, and of the comparison with it."""

KINDS = ("lora", "dora")
RANK, ALPHA = 8, 16
TARGETS = ("q_proj", "v_proj")
SEEDS = (0, 1, 2)
"""Of the adapter's first weights and of the order of the training queries."""
TRAINING = 80
"""Training queries, each read once, one a step."""
RATES = (6e-4, 2e-3, 6e-3)
"""Peaks of the learning rate to choose from."""
RATE_STEPS, VALIDATION = 24, 12
"""Training queries of a run that tries a rate, and the queries whose loss decides; no meeting is in both."""
VALIDATION_EACH = 2
"""Validation queries of one meeting at most."""
SPLIT_SEED = 0
"""Of the division of the training meetings."""
WARMUP_SHARE = 10
"""A tenth of the steps is warm-up; then the rate falls in a straight line to zero."""
LEAD_WORDS = 50
"""The longest lead and the longest oracle: about the length of a training reference."""
