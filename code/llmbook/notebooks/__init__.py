"""Reader's notebooks: the pages of the book as plain notebooks that JupyterLab, VS Code and Colab show well.

``python -m llmbook.notebooks write`` makes them, in ``book/notebooks/`` of a checkout. It needs what builds the book
(``requirements.txt``), from which come the readers of YAML and BibTeX.
"""

from pathlib import PurePosixPath

NOTEBOOKS = PurePosixPath("book/notebooks")
"""Where they lie in a checkout."""
