"""Lists of MyST as pipe tables and paragraphs."""

from llmbook.notebooks.tables import definitions, list_table


def test_rows_cells_and_lines_that_go_on():
    body = "* - kind\n  - a|b\n* - green\n    tea\n  -\n"
    assert list_table(body) == "| kind | a\\|b |\n| --- | --- |\n| green tea |  |"


def test_terms_are_bold_and_their_lines_stay_together():
    assert definitions("pot\n  Holds.\n  Lid.\n\ntea\n  Drink.\n") == "**pot**  \nHolds.\nLid.\n\n**tea**  \nDrink."
