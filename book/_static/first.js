/* What must be known before anything is shown. It stands first on each page (lean_pages.py). */
{
  "use strict";

  const root = document.documentElement;

  // The colors that the system asks for; the theme would choose them only afterwards.
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  if (root.dataset.theme === "auto") root.dataset.theme = dark ? "dark" : "light";

  // The letters of the text, so that no line breaks anew when they come. A page opened as a file has them beside it.
  if (window.location.protocol !== "file:") {
    for (const style of ["normal", "italic"]) {
      const href = new URL(`fonts/literata-latin-wght-${style}.woff2`, document.currentScript.src).href;
      const asked = { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "anonymous", href };
      document.head.append(Object.assign(document.createElement("link"), asked));
    }
  }

  // Where MathJax does not come, formulas are shown as they are written.
  const asWritten = () => root.classList.add("formulas-as-written");
  window.addEventListener("load", () => {
    if (window.MathJax?.startup?.promise) window.MathJax.startup.promise.catch(asWritten);
    else asWritten();
  });
}
