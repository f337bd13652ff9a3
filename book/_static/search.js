/* The words of the search index, without what every JavaScript object has besides.
 *
 * Sphinx's searchtools.js looks a word up as terms[word], in an object that inherits from Object: "constructor" then
 * finds a function, and "__proto__" an object, where a list of pages should be. This listener is the first, since this
 * script stands before Sphinx's; the index has arrived by then, and the query has not yet been asked.
 */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  if (typeof Search === "undefined") return; // not the page of the search

  const inherited = Object.create(null);
  inherited.hasOwnProperty = Object.prototype.hasOwnProperty; // searchtools.js asks for it; no stem is called so
  const bare = (index) => {
    for (const words of [index.terms, index.titleterms]) Object.setPrototypeOf(words, inherited);
    return index;
  };

  if (Search.hasIndex()) bare(Search._index);
  const setIndex = Search.setIndex;
  Search.setIndex = (index) => setIndex(bare(index));
});

/* What has a name or a number comes first, at its place: BOOK_PLACES, from places.js (book/_ext/search_places.py). A
 * page that is found opens where the words stand, and the browser marks them. */
document.addEventListener("DOMContentLoaded", () => {
  "use strict";

  const shown = document.getElementById("search-results");
  if (typeof Search === "undefined" || !shown) return;

  const key = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const words = (new URLSearchParams(window.location.search).get("q") ?? "").trim();

  function best(query) {
    if (typeof BOOK_PLACES === "undefined") return [];
    const wanted = key(query);
    const name = [wanted, wanted.replace(/s$/, ""), `${wanted}s`].find((each) => Object.hasOwn(BOOK_PLACES, each));
    if (!name) return [];
    const [page, title, anchor] = BOOK_PLACES[name];
    const number = Search._index.docnames.indexOf(page);
    return number < 0 ? [] : [[page, title, anchor, null, 1000, Search._index.filenames[number]]];
  }

  const isEntry = ([page]) => page.startsWith("book/api/"); // of the package: behind every lesson
  const perform = Search._performSearch;
  Search._performSearch = (query, ...rest) => { // the last is shown first
    const found = perform(query, ...rest);
    return [...found.filter(isEntry), ...found.filter((each) => !isEntry(each)), ...best(query)];
  };

  const marks = words.split(/\s+/).filter(Boolean).map((word) => `text=${encodeURIComponent(word).replace(/-/g, "%2D")}`).join("&");
  const point = (link) => {
    if (marks && !link.href.includes(":~:")) link.href += `${link.href.includes("#") ? "" : "#"}:~:${marks}`;
  };
  new MutationObserver(() => document.querySelectorAll("#search-results li > a").forEach(point))
    .observe(shown, { childList: true, subtree: true });
});
