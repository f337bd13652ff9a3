"""T5 beside transformers, in FLAN-T5's proportions: rows of ``make bench``, or alone as a script.

Both models have the same weights, by way of a folder. Before anything is timed, both must write the same tokens.
"""

import tempfile
from dataclasses import replace

import torch
import transformers
from timing import Variants, report

from llmbook.checkpoint import save_pretrained
from llmbook.generation.encoder_decoder import generate_t5
from llmbook.models.t5 import T5
from llmbook.models.t5_config import PUBLISHED
from llmbook.models.t5_training import initialize_t5_, sequence_loss, shift_right

READ, WRITTEN = 512, 32  # tokens


def models() -> tuple[T5, transformers.T5ForConditionalGeneration]:
    """FLAN-T5 small with half of its layers and an eighth of its vocabulary, ours and transformers'."""
    config = replace(PUBLISHED["flan-t5-small"], vocab_size=4096, layers=4, decoder_layers=4)
    ours = initialize_t5_(T5(config), torch.Generator().manual_seed(0)).eval()
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(ours, folder)
        return ours, transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()


def variants() -> dict[str, Variants]:
    """The rows, by title."""
    ours, theirs = models()
    ids = torch.randint(2, ours.config.vocab_size, (2, READ), generator=torch.Generator().manual_seed(1))
    labels = ids[:, :WRITTEN].contiguous()
    options = {"max_new_tokens": WRITTEN, "do_sample": False}
    rows = {
        f"T5, read {READ}, write {WRITTEN}": {
            "transformers": lambda: theirs.generate(ids, **options),
            "llmbook": lambda: generate_t5(ours, ids, max_new_tokens=WRITTEN),
            "llmbook, no cache": lambda: generate_t5(ours, ids, max_new_tokens=WRITTEN, use_cache=False),
        },
        "T5, the same with 4 beams": {
            "transformers": lambda: theirs.generate(ids, num_beams=4, **options),
            "llmbook": lambda: generate_t5(ours, ids, max_new_tokens=WRITTEN, beams=4),
        },
    }
    for made in rows.values():
        if not torch.equal(made["transformers"](), made["llmbook"]()):
            raise SystemExit("the texts are not equal; run pytest tests/parity/test_t5_generation.py")
    rows["T5, forward and backward"] = {
        "transformers": lambda: theirs(input_ids=ids, labels=labels).loss.backward(),
        "llmbook": lambda: sequence_loss(ours(ids, shift_right(labels)), labels).backward(),
    }
    return rows


def report_t5() -> None:
    """Print the rows."""
    for title, rows in variants().items():
        report(title, rows)


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    report_t5()
