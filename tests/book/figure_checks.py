"""What is asked of the figures of a page: letters of ten pixels on a narrow screen, and contrast."""

import re

SHOWN = """async () => {
  const shown = [];
  for (const image of document.querySelectorAll(".bd-article img")) {
    if (!image.offsetWidth || !/\\.svg$|^data:image\\/svg/.test(image.src)) continue;
    image.loading = "eager";
    const svg = await (await fetch(image.src)).text();
    await image.decode().catch(() => null);
    shown.push({svg, wide: image.getBoundingClientRect().width});
  }
  return shown;
}"""
BOX = re.compile(r'viewBox="0 0 ([\d.]+) ')
SCALE = re.compile(r'<g style="[^"]*" transform="[^"]*?scale\(([\d.]+) ')
SMALLEST = 9.95  # what is written with two decimals, and pixels are not split


def letter_sizes(svg, wide):
    """CSS pixels of the texts of a drawing that is so many pixels wide; exponents and indices are not looked at.

    matplotlib draws letters as outlines of 100 units, and says by how much each text is scaled.
    """
    across = float(BOX.search(svg)[1]) if BOX.search(svg) else 0
    return [100 * float(scale) * wide / across for scale in SCALE.findall(svg)] if across else []


def small_letters(page):
    """The drawings of an open page with letters of fewer than ten pixels: (pixels, words of the drawing)."""
    found = []
    for drawn in page.evaluate(SHOWN):
        sizes = letter_sizes(drawn["svg"], drawn["wide"])
        if sizes and min(sizes) < SMALLEST:
            words = re.findall(r"<!-- (.*?) -->", drawn["svg"])
            found.append((round(min(sizes), 1), words[:3]))
    return found
