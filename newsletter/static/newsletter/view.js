// Remembers which view of a list of papers was asked for by ?view=, in this browser alone, and shows
// it before the list is drawn. Without this each page is full unless its address says otherwise.
"use strict";
{
  const asked = new URLSearchParams(location.search).get("view");
  try {
    if (asked === "compact" || asked === "full") localStorage.setItem("view", asked);
    else if (localStorage.getItem("view") === "compact") document.documentElement.dataset.view = "compact";
  } catch {
    // Storage is switched off: nothing is remembered.
  }
}
