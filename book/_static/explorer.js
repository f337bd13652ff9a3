/* Explorers on the built page: put the frame that the controls name in place of the one that is shown.

   The page holds every frame (llmbook/widgets/static.py). Each distinct line of SVG is stored once; a frame is a list
   of ranges of lines. Nothing is fetched. Frames are in the order of the controls, the last one changing fastest. */
(() => {
  "use strict";

  function picture(frames, number) {
    const runs = frames.runs[number], parts = [];
    for (let i = 0; i < runs.length; i += 2) parts.push(...frames.lines.slice(runs[i], runs[i + 1]));
    return "data:image/svg+xml," + encodeURIComponent(parts.join("\n"));
  }

  const isRange = (input) => input.type === "range";
  const length = (input) => (isRange(input) ? Number(input.max) + 1 : input.options.length);

  function showValue(input) {
    if (!isRange(input)) return;
    const text = JSON.parse(input.dataset.texts)[Number(input.value)];
    input.setAttribute("aria-valuetext", text);
    input.parentElement.querySelector("output").textContent = text;
  }

  function start(figure) {
    const frames = JSON.parse(figure.querySelector(".explorer-frames").textContent);
    const inputs = [...figure.querySelectorAll(".explorer-control input, .explorer-control select")];
    const defaults = inputs.map((input) => input.value);
    const image = figure.querySelector(".explorer-frame");
    const sentence = figure.querySelector(".explorer-sentence");

    function show() {
      const number = inputs.reduce((place, input) => place * length(input) + Number(input.value), 0);
      image.src = picture(frames, number);
      image.alt = sentence.textContent = frames.sentences[number];
      inputs.forEach(showValue);
    }

    inputs.forEach((input) => input.addEventListener("input", show));
    figure.querySelector(".explorer-reset").addEventListener("click", () => {
      inputs.forEach((input, place) => { input.value = defaults[place]; });
      show();
    });
    figure.querySelector(".explorer-controls").hidden = false;
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("figure.explorer").forEach(start));
})();
