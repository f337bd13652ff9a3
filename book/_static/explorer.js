/* Explorers on the built page: put the frame that the controls name in place of the one that is shown.

   The frames come with the page (llmbook/widgets/static.py), in it or in a file of the book (frame_files.py). Each
   distinct line of SVG is stored once; a frame is a list of ranges of lines. Frames are in the order of the controls,
   the last one changing fastest. */
(() => {
  "use strict";

  // Where a heat map keeps its colors on dark paper, `dark` has the lines that are others there.
  function picture(frames, number, dark = {}) {
    const runs = frames.runs[number], parts = [];
    for (let i = 0; i < runs.length; i += 2)
      for (let place = runs[i]; place < runs[i + 1]; place++) parts.push(dark[place] ?? frames.lines[place]);
    return "data:image/svg+xml," + encodeURIComponent(parts.join("\n"));
  }

  // What a control is here: how many values it has, which one is chosen, and how to choose one.
  function control(box) {
    const stops = [...box.querySelectorAll('input[type="radio"]')];
    if (stops.length) return {
      length: stops.length, get: () => stops.findIndex((stop) => stop.checked),
      set: (place) => { stops[place].checked = true; }, say: () => {},
    };
    const input = box.querySelector("input, select"), isRange = input.type === "range";
    return {
      length: isRange ? Number(input.max) + 1 : input.options.length, get: () => Number(input.value),
      set: (place) => { input.value = place; }, say: () => isRange && sayValue(input),
    };
  }

  function sayValue(input) {
    const text = JSON.parse(input.dataset.texts)[Number(input.value)];
    input.setAttribute("aria-valuetext", text);
    input.parentElement.querySelector("output").textContent = text;
  }

  // The question comes first: the figure opens with an answer, or without one. Each answer can be read later, too.
  function ask(figure, box) {
    const told = box.querySelector(".explorer-told"), skip = box.querySelector(".explorer-skip");
    const open = (text) => {
      figure.classList.remove("is-asking");
      told.textContent = text;
      skip.hidden = true;
    };
    figure.classList.add("is-asking", "can-ask");
    skip.hidden = false;
    skip.addEventListener("click", () => open(""));
    box.querySelectorAll(".explorer-answer").forEach((button) => {
      button.disabled = false;
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        box.querySelectorAll(".explorer-answer").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
        open(button.nextElementSibling.textContent);
      });
    });
  }

  // A promise of the frames that an element holds or names. Their file is a script, since a page that was opened as a
  // file may load a script from beside it, and nothing else.
  function framesOf(holder) {
    const { src, name } = holder.dataset;
    if (!src) return Promise.resolve(JSON.parse(holder.textContent));
    return new Promise((done, fail) => {
      const script = Object.assign(document.createElement("script"), { src, onerror: fail });
      script.onload = () => done(window.explorerFrames[name]);
      document.head.append(script);
    });
  }

  // Gives the frames of a figure, and asks for them once: when a reader comes near its controls. Until they are there
  // the figure is busy. A file that did not come is asked for again the next time.
  function loader(figure) {
    const holder = figure.querySelector(".explorer-frames");
    let frames = null;
    return () => {
      if (!frames) {
        figure.ariaBusy = "true";
        frames = framesOf(holder);
        frames.catch(() => { frames = null; }).finally(() => { figure.ariaBusy = null; });
      }
      return frames;
    };
  }

  function start(figure) {
    const load = loader(figure);
    const controls = [...figure.querySelectorAll(".explorer-control")].map(control);
    const defaults = controls.map((each) => each.get());
    const image = figure.querySelector(".explorer-frame"), dark = figure.querySelector(".explorer-frame-dark");
    const sentence = figure.querySelector(".explorer-sentence");

    async function show() {
      controls.forEach((each) => each.say());
      try {
        const frames = await load();
        const number = controls.reduce((place, each) => place * each.length + each.get(), 0); // as they stand by now
        image.src = picture(frames, number);
        image.alt = sentence.textContent = frames.sentences[number];
        if (dark) [dark.src, dark.alt] = [picture(frames, number, frames.dark), image.alt];
      } catch {
        sentence.textContent = "The other pictures of this figure could not be loaded.";
      }
    }

    for (const near of ["pointerenter", "focusin"]) figure.addEventListener(near, () => load().catch(() => {}), { once: true });
    figure.addEventListener("input", show);
    figure.querySelector(".explorer-reset").addEventListener("click", () => {
      controls.forEach((each, place) => each.set(defaults[place]));
      show();
    });
    figure.querySelector(".explorer-controls").hidden = false;
    const box = figure.querySelector(".explorer-ask");
    if (box) ask(figure, box);
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("figure.explorer").forEach(start));
})();
