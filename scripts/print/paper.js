/* What MathJax loads on a page for paper. */
window.MathJax = { loader: { load: ["input/tex", "output/chtml"] }, options: { enableMenu: false, processHtmlClass: "math" } };
