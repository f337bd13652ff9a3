"""The figure of the wavelengths of a rotation."""

from llmbook.plots.wavelengths import plot_wavelengths


def test_wavelengths_are_drawn_and_drawn_the_same_again():
    figures = [plot_wavelengths({"a": [6.0, 600.0], "b": [6.0, 6e4]}, 2048) for _ in range(2)]
    first, second = (figure._repr_mimebundle_()["image/svg+xml"] for figure in figures)
    assert first == second
    assert first.startswith("<svg")
