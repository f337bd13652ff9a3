"""On which page of a PDF each named place stands, read from the file that Chromium writes.

Its dictionaries are plain text: the pages in their order, and one dictionary of names that links lead to.
"""

import re

PAGE = re.compile(rb"(?:^|\n)(\d+) 0 obj\n<</Type /Page\n")
NAMES = re.compile(rb"/Dests (\d+) 0 R")
PLACE = re.compile(rb"/([^\s/\[\]<>()]+) \[(\d+) 0 R /XYZ")


def page_numbers(pdf: bytes) -> dict[str, int]:
    """{the name of a place: the number of its page, from 1}. Empty if the file is of another make."""
    numbers = {found[1]: number for number, found in enumerate(PAGE.finditer(pdf), 1)}
    root = NAMES.search(pdf)
    begin = pdf.find(b"\n%s 0 obj\n" % root[1]) if root else -1
    if begin < 0:
        return {}
    places = PLACE.findall(pdf, begin, pdf.index(b"endobj", begin))
    return {name.decode("latin-1"): numbers[page] for name, page in places if page in numbers}
