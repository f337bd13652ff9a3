"""What a browser finds on a page and hardly anyone sees: what a policy refused, names of buttons, the focus."""

REFUSED = """window.refused = [];
document.addEventListener("securitypolicyviolation", (each) => {
  window.refused.push(`${each.violatedDirective}: ${each.blockedURI}`);
});"""
SAME_NAMES = """() => {
  const name = (button) => (button.ariaLabel || button.title || button.innerText || button.textContent).trim();
  const buttons = [...document.querySelectorAll("button, summary, [role='button']")];
  const names = buttons.filter((each) => each.checkVisibility()).map((each) => name(each).replace(/\\s+/g, " "));
  return [...new Set(names.filter((each, place) => !each || names.indexOf(each) !== place))];
}"""
JUMPS = """() => {
  const heads = [...document.querySelectorAll(".bd-article :is(h1, h2, h3, h4, h5, h6)")];
  return heads.filter((each, place) => place && each.tagName[1] > Number(heads[place - 1].tagName[1]) + 1)
    .map((each) => each.textContent);
}"""
FORMULAS_IN_ORDER = """() => [...document.querySelectorAll("mjx-container")].filter((formula) => {
  const stops = formula.querySelectorAll("[tabindex]").length + (formula.tabIndex >= 0);
  return stops && formula.scrollWidth <= formula.clientWidth + 1;
}).map((formula) => formula.textContent)"""
"""Formulas that the Tab key stops at though they are as wide as their box."""
FOCUS = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const hidden = !at.checkVisibility() || at === document.body;
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const name = at.ariaLabel || at.title || at.textContent.trim().slice(0, 30);
  return { name: `${at.tagName} ${name}`, shown: hidden || outline };
}"""
CUT_OFF = """() => [...document.querySelectorAll(
  ".bd-article pre, .pst-scrollable-table-container, .drawing-scrolls",
)].filter((box) => {
  const goesOn = box.checkVisibility() && box.scrollLeft + box.clientWidth < box.scrollWidth - 1;
  return goesOn && (getComputedStyle(box).maskImage === "none" || box.tabIndex);
}).map((box) => box.textContent.trim().slice(0, 40) || box.className)"""
"""Boxes that go on to the right without showing it, or that the Tab key does not reach."""
WIDE_TABLES = """() => [...document.querySelectorAll(".bd-article .pst-scrollable-table-container")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.textContent.trim().slice(0, 40))"""


def unframed(page, stops):
    """Walk through a page by the Tab key; the places where nothing shows that the focus is there."""
    found = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if not at["shown"]:
            found.append(at["name"])
    return found
