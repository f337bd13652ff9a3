"""Look at every slide of a deck in the browser, and write down what runs over its edge or stands on something else."""

READY = "async () => { await window.deckIsReady; }"
FAULTS = """() => {
  const place = (part) => part.getBoundingClientRect();
  const seen = (slide, parts) => [...slide.querySelectorAll(parts)].filter((part) => {
    const box = place(part);
    return box.width && box.height && !part.parentElement.closest('mjx-container');
  });
  const name = (part) => `${part.tagName.toLowerCase()}.${part.className}`;

  function over(slide) {
    const edge = place(slide), foot = place(slide.querySelector('footer')).top;
    return seen(slide, 'header *, .slide-body *').filter((part) => {
      const box = place(part);
      return box.bottom > foot + 1 || box.top < edge.top || box.left < edge.left + 20 || box.right > edge.right - 20;
    }).map((part) => `${name(part)} runs over the edge`);
  }

  function cut(slide) {
    const isCut = (part) => getComputedStyle(part).overflowX !== 'visible' && part.scrollWidth > part.clientWidth + 1;
    return seen(slide, 'pre, figure, div, mjx-container[display]').filter(isCut)
      .map((part) => `${name(part)} is cut off`);
  }

  function crossing(slide) {
    const parts = seen(slide, '.slide-body > :not(figure), figure.explorer > :not(script)'), found = [];
    parts.forEach((one, number) => parts.slice(number + 1).forEach((other) => {
      const a = place(one), b = place(other);
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) found.push(`${name(one)} and ${name(other)} stand on each other`);
    }));
    return found;
  }

  function small(slide) {
    const picture = slide.querySelector('.slide-body img');
    return picture && Math.min(place(picture).width, place(picture).height) < 200 ? ['the picture is small'] : [];
  }

  return [...document.querySelectorAll('.slide')].flatMap((slide) =>
    [over, cut, crossing, small].flatMap((check) => check(slide)).map((fault) => `slide ${slide.id}: ${fault}`));
}"""


def open_deck(page, address):
    """Open a deck at its own size and wait until its text has been fitted."""
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(address, wait_until="load")
    page.evaluate(READY)


def slide_faults(page, address):
    """What is wrong with the slides of a deck, a line for each fault."""
    open_deck(page, address)
    return page.evaluate(FAULTS)
