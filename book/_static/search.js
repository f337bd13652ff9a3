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
