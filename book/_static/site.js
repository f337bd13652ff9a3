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
