/* What scrolls sideways inside its box must be reachable by keyboard: give it a place in the tab order. It also shows that
   it goes on (theme-fixes.css). */
(() => {
  "use strict";

  const boxes = ".bd-article pre, .bd-article div.math, .bd-article mjx-container[display], .pst-scrollable-table-container, .drawing-scrolls, div.cell_output .output";

  function update() {
    document.querySelectorAll(boxes).forEach((box) => {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      showEnd(box);
    });
  }

  function showEnd(box) {
    box.classList.toggle("runs-on", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  }

  document.addEventListener("scroll", ({ target }) => {
    if (target.matches?.(boxes)) showEnd(target);
  }, { capture: true, passive: true });

  window.addEventListener("load", update);
  window.addEventListener("load", () => window.MathJax?.startup?.promise?.then(update)); // formulas make a table wider
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

/* The button of the theme that fills the screen. */
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".btn-fullscreen-button")?.addEventListener("click", () => toggleFullScreen());
});

/* A notebook is saved and not shown as text, also where the pages are opened as files. A report begins with the words
   that the reader has marked, or with the heading that stands above on the screen. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  document.querySelectorAll('.dropdown-exits a[href$=".ipynb"]').forEach((link) => link.toggleAttribute("download", true));

  const place = () => {
    const marked = String(window.getSelection()).trim();
    if (marked) return `> ${marked.slice(0, 500)}`;
    const above = [...document.querySelectorAll(".bd-article :is(h1, h2, h3)")].filter((each) => each.getBoundingClientRect().top < 200);
    return above.length ? `Section: ${above.pop().firstChild.textContent}` : "";
  };
  document.querySelectorAll('.dropdown-exits a[href*="/issues/new"]').forEach((link) => {
    const address = link.href;
    link.addEventListener("pointerdown", () => { link.href = address + encodeURIComponent(`\n\n${place()}\n\n`); });
    link.addEventListener("focus", () => { link.href = address + encodeURIComponent(`\n\n${place()}\n\n`); });
  });
});

/* Buttons that look alike are told apart by their names: each says what it opens, copies or puts back. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const call = (button, name) => button?.setAttribute("aria-label", name);
  const said = (part) => part.textContent.trim().replace(/\s+/g, " ");
  const hints = new Map(); // how many an exercise has had
  let exercise = "";

  function hint(summary) {
    const name = `${said(summary)}, ${exercise}`, count = (hints.get(name) ?? 0) + 1;
    hints.set(name, count);
    call(summary, count > 1 ? `${name}, number ${count}` : name);
  }

  document.querySelectorAll(".bd-article :is(.exercise, .solution)").forEach((box) => {
    if (box.matches(".exercise")) exercise = said(box.querySelector(".caption-number") ?? box.querySelector(".admonition-title"));
    else call(box.querySelector(":scope > .admonition-title > .toggle-button"), `Solution of ${exercise}`);
    box.querySelectorAll("details.sd-dropdown > summary").forEach(hint);
  });

  document.querySelectorAll(".bd-article .copybtn").forEach((button, number) => {
    const first = said(button.parentElement.querySelector("pre") ?? button).slice(0, 40);
    call(button, `Copy code ${number + 1}: ${first}`);
  });
  document.querySelectorAll(".paper details > summary").forEach((summary) => {
    const paper = summary.closest(".paper");
    call(summary, `${said(summary)}: ${said(paper.querySelector("strong, a, p"))}`);
  });
  document.querySelectorAll(".explorer").forEach((figure, number) => {
    call(figure.querySelector(".explorer-reset"), `Reset figure with controls ${number + 1}`);
  });
});
