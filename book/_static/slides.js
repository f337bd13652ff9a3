/* A deck of slides: one at a time, in the middle of the window, as large as it fits. Without this script the slides
   stand below each other. Text that runs over its slide is made smaller, step by step. */
(() => {
  "use strict";

  const WIDTH = 1280, HEIGHT = 720, SMALLEST = 0.55, STEP = 0.04;
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  // What MathJax loads. Without its menu, which would make each formula a stop of the Tab key.
  window.MathJax = { loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] }, options: { enableMenu: false } };

  let slides = [], shown = 0, ready;
  window.deckIsReady = new Promise((done) => { ready = done; });

  function color(theme) {
    root.dataset.theme = theme || (dark.matches ? "dark" : "light");
  }

  function show(number, keepsAddress) {
    shown = Math.min(Math.max(number, 0), slides.length - 1);
    slides.forEach((slide, place) => slide.classList.toggle("is-shown", place === shown));
    if (!keepsAddress) history.replaceState(null, "", `#${shown + 1}`);
  }

  const showAddress = () => show((parseInt(location.hash.slice(1), 10) || 1) - 1, true);

  function scale() {
    const size = Math.min(window.innerWidth / WIDTH, window.innerHeight / HEIGHT);
    root.style.setProperty("--deck-scale", size);
    root.style.setProperty("--deck-left", `${(window.innerWidth - WIDTH * size) / 2}px`);
    root.style.setProperty("--deck-top", `${(window.innerHeight - HEIGHT * size) / 2}px`);
  }

  const runsOver = (box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;

  function isTooWide(body) {
    return runsOver(body) || [...body.querySelectorAll("mjx-container[display], pre")].some(
      (part) => part.scrollWidth > part.clientWidth + 1);
  }

  // Make the text smaller until all stands on the slide; how much of its size is left.
  function shrink(slide, body) {
    for (let size = 1; size >= SMALLEST; size -= STEP) {
      slide.style.setProperty("--fit", size.toFixed(2));
      if (!isTooWide(body)) return size;
    }
    return 0;
  }

  // How large a picture and the words with it can be, with the words below it or beside it.
  function largest(slide, body, picture, isBeside) {
    body.classList.toggle("beside", isBeside);
    const size = shrink(slide, body), box = picture.getBoundingClientRect();
    return size * Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
  }

  function fit(slide) {
    const body = slide.querySelector(".slide-body"), picture = body.querySelector("img");
    if (picture && body.querySelector(".caption, .explorer")) {
      const below = largest(slide, body, picture, false);
      if (largest(slide, body, picture, true) >= below) return;
      body.classList.remove("beside");
    }
    shrink(slide, body);
  }

  const STEPS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };

  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest?.("input, select")) return; // the controls of a figure have these keys for themselves
    if (event.key === " " && event.target.closest?.("button, a")) return;
    if (event.key in STEPS) show(shown + STEPS[event.key]);
    else if (event.key === " ") show(shown + (event.shiftKey ? -1 : 1));
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(slides.length - 1);
    else if (event.key === "d") color(root.dataset.theme === "dark" ? "light" : "dark");
    else if (event.key === "f" && document.fullscreenElement) document.exitFullscreen();
    else if (event.key === "f") root.requestFullscreen?.();
    else return;
    event.preventDefault();
  }

  async function start() {
    slides = [...document.querySelectorAll(".slide")];
    root.classList.add("deck");
    scale();
    showAddress();
    document.querySelectorAll("[data-go]").forEach((button) => {
      button.addEventListener("click", () => show(shown + Number(button.dataset.go)));
    });
    await document.fonts.ready;
    if (window.MathJax?.startup) await window.MathJax.startup.promise;
    await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
    slides.forEach(fit);
    ready();
  }

  color(localStorage.getItem("theme") === "auto" ? "" : localStorage.getItem("theme"));
  dark.addEventListener("change", () => color());
  window.addEventListener("resize", scale);
  window.addEventListener("hashchange", showAddress);
  document.addEventListener("keydown", press);
  window.addEventListener("load", start);
})();
