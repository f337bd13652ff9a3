# make book   build the book into _build/html          make lab    open the reader's notebooks in JupyterLab
# make test   run every test                           make bench  time our code beside its references
# make clean  remove what was built (not .venv)        make variants  run every page under other kernels, threads and seeds
# make faults  plant faults in the package by rule, one at a time, and see which tests catch them
# make fuzz    break files by rule and kill writers, and see that each is read right or clearly refused
# make slides  a deck a chapter, for the browser and as PDF          make print  exercises for paper, the solutions apart
# make pdf     the whole book as one PDF, _build/book.pdf

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
BOOK_READY := .venv/.ready-book
TEST_READY := .venv/.ready-test
SETTINGS := requirements.txt constraints.txt pyproject.toml
# The constraints also hold for the tool that builds the package, in old pip (first name) and new pip (second). A relative
# path, since pip splits these at spaces, and the book's folder may have one.
PIP_INSTALL := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet
# Does .venv still work? Its stamp is Python's own pyvenv.cfg, which names the version and the folder it was made for: after
# an upgrade of Python, or when the book is moved, they are others, and .venv is made anew.
VENV_HOLDS := $(shell $(BIN)/python scripts/venv_holds.py 2>/dev/null)

.PHONY: book test variants faults fuzz slides print pdf lab bench clean
book: $(BOOK_READY)
	@$(BIN)/python scripts/build_book.py

# The pages first, since they are timed; then the tests, a file at a time on each core, the slow files of tests/book first.
# A thread for each: threads that wait for a busy core spin, and cost three times the processor time.
test: export OMP_NUM_THREADS := 1
test: $(TEST_READY)
	$(BIN)/python -m ruff check .
	$(BIN)/python scripts/build_book.py --strict
	$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

# All settings, or some: make variants VARIANTS="plain seeds". What the built book shows is what the other runs must print.
variants: $(BOOK_READY)
	$(BIN)/python scripts/build_book.py --strict
	$(BIN)/python scripts/variants $(if $(VARIANTS),--settings $(VARIANTS))

# 120 faults, or others: make faults FAULTS="--figures", FAULTS="--count 300 --seed 1", FAULTS=--help.
faults: $(TEST_READY)
	$(BIN)/python scripts/faults $(FAULTS)

# 20,000 broken inputs and 400 kills, or others: make fuzz FUZZ="--count 2000 --only adapter kill", FUZZ=--help.
fuzz: $(TEST_READY)
	$(BIN)/python scripts/fuzz $(FUZZ)

# Slides from the built pages: _build/html/slides/CHAPTER.html, and by the system's Chromium _build/slides/CHAPTER.pdf.
slides: $(TEST_READY)
	$(BIN)/python scripts/build_book.py
	$(BIN)/python scripts/slides

# For handing out: _build/print/CHAPTER-exercises.pdf without solutions, hints and answers, and CHAPTER-solutions.pdf.
print: $(TEST_READY)
	$(BIN)/python scripts/build_book.py
	$(BIN)/python scripts/print exercises

# _build/book.pdf: contents with page numbers, links, an outline, explorers as they begin, solutions at the end.
pdf: $(TEST_READY)
	$(BIN)/python scripts/build_book.py
	$(BIN)/python scripts/print book

lab: $(BOOK_READY)
	$(BIN)/jupyter lab --notebook-dir=. book/notebooks/start-here/a-transformer-in-twenty-minutes.ipynb

bench: $(TEST_READY)
	$(BIN)/python scripts/bench.py

clean:
	rm -rf _build .pytest_cache .ruff_cache

ifneq ($(VENV_HOLDS),yes)
.PHONY: $(BIN)/python $(BOOK_READY) $(TEST_READY)
endif

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "This book needs Python 3.11 or later, and none was found." \
		"Install it from https://www.python.org or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"This book needs Python 3.11 or later; $(PYTHON) is older or does not run."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python lacks its venv module." \
		"On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear .venv

$(BOOK_READY): $(SETTINGS) | $(BIN)/python
	@echo "Installing what the book needs into .venv (a few minutes the first time)"
	$(PIP_INSTALL) -r requirements.txt -c constraints.txt -e .
	@touch $@

$(TEST_READY): $(BOOK_READY)
	$(PIP_INSTALL) -r requirements.txt -c constraints.txt -e ".[test]"
	@touch $@
