/* The filter of the reading list: three choices, and a line that says how many papers are shown. The page has none of
   it without this script, and all papers stand there. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const list = document.querySelector(".papers");
  if (!list) return;
  const papers = [...list.querySelectorAll(".paper")];
  const names = (text) => text.split("; ").filter(Boolean);
  const sorted = (values) => [...new Set(values)].sort();
  const choices = {
    topic: ["Topic", "all topics", sorted(papers.map((paper) => paper.dataset.topic))],
    starred: ["Star", "with and without", ["with a star", "without"]],
    chapters: ["Chapter", "all papers", [...sorted(papers.flatMap((paper) => names(paper.dataset.chapters))), "no chapter"]],
  };
  const fits = {
    topic: (paper, value) => paper.dataset.topic === value,
    starred: (paper, value) => (paper.dataset.starred === "yes") === (value === "with a star"),
    chapters: (paper, value) =>
      value === "no chapter" ? !paper.dataset.chapters : names(paper.dataset.chapters).includes(value),
  };

  const form = document.createElement("form");
  form.className = "paper-filter";
  form.setAttribute("aria-label", "Filter the papers");
  const fields = {};
  for (const [name, [label, all, values]] of Object.entries(choices)) {
    const field = document.createElement("select");
    field.name = name;
    field.append(new Option(all, ""), ...values.map((value) => new Option(value, value)));
    const around = document.createElement("label");
    around.append(`${label} `, field);
    form.append(around);
    fields[name] = field;
  }
  const clear = document.createElement("button");
  clear.type = "reset";
  clear.textContent = "Show all";
  const told = document.createElement("p");
  told.className = "paper-count";
  told.setAttribute("role", "status");
  form.append(clear, told);

  const update = () => {
    const asked = Object.entries(fields).filter(([, field]) => field.value);
    const isShown = (paper) => asked.every(([name, field]) => fits[name](paper, field.value));
    papers.forEach((paper) => { paper.hidden = !isShown(paper); });
    const count = papers.filter((paper) => !paper.hidden).length;
    told.textContent = `${count} of ${papers.length} papers ${count === 1 ? "is" : "are"} shown.`;
  };
  const showTarget = () => {
    const target = papers.find((paper) => `#${paper.id}` === window.location.hash);
    if (!target?.hidden) return;
    form.reset();
    update();
    target.scrollIntoView();
  };
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => window.setTimeout(update));
  window.addEventListener("hashchange", showTarget);
  list.before(form);
  update();
});
