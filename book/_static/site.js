/* What scrolls sideways inside its box must be reachable by keyboard: give it a place in the tab order. */
(() => {
  "use strict";

  const boxes = ".bd-article pre, .bd-article div.math, .pst-scrollable-table-container, div.cell_output .output";

  function update() {
    document.querySelectorAll(boxes).forEach((box) => {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }

  window.addEventListener("load", update);
  window.addEventListener("resize", update);
  document.addEventListener("toggle", update, true);
  // A solution that folds out fires no toggle event, only the click on its button.
  document.addEventListener("click", () => window.setTimeout(update, 300));
})();

/* Escape puts away the definition that is shown, until the pointer or the focus has left its word. */
(() => {
  "use strict";

  const comeBack = (event) => {
    const term = event.target.closest?.(".term.put-away");
    if (term && !term.contains(event.relatedTarget)) term.classList.remove("put-away");
  };

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(".term:is(:hover, :focus-within)").forEach((term) => term.classList.add("put-away"));
  });
  document.addEventListener("pointerout", comeBack);
  document.addEventListener("focusout", comeBack);
})();

/* The search shows a piece of each page that it finds: without the definitions, which belong to the glossary. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  if (typeof Search === "undefined") return; // not the page of the search

  const toText = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".term-definition").forEach((text) => text.remove());
    return toText(page.documentElement.outerHTML, anchor);
  };
});
