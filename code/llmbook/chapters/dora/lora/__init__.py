"""LoRA: what serves chapters/dora/02-lora.ipynb alone."""
