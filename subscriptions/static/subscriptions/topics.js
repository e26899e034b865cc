// Lets the topics be searched. Without scripts the style sheet hides the field, and the whole list
// stands there, in its groups.
"use strict";
for (const search of document.querySelectorAll(".topic-search")) {
  const input = search.querySelector("input");
  const status = search.querySelector("[data-none]");
  const groups = search.closest("fieldset").querySelectorAll(".topic-group");
  const fields = search.closest("fieldset").querySelectorAll(".topic-field");
  let opened = null; // which fields stood open before the search
  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const group of groups) {
      let left = 0;
      for (const chip of group.querySelectorAll(".chip")) {
        const text = `${chip.textContent} ${chip.title}`.toLowerCase();
        const fits = words.every((word) => text.includes(word));
        found += fits;
        // What is chosen stays in sight, so that nothing is subscribed to unseen.
        chip.hidden = !fits && !chip.querySelector("input").checked;
        left += !chip.hidden;
      }
      group.hidden = left === 0;
    }
    if (words.length && !opened) opened = [...fields].map((field) => field.open);
    fields.forEach((field, at) => {
      field.hidden = !field.querySelector(".topic-group:not([hidden])");
      field.open = words.length ? !field.hidden : (opened?.[at] ?? field.open);
    });
    if (!words.length) opened = null;
    status.textContent = found ? "" : status.dataset.none;
  };
  input.addEventListener("input", filter);
  input.addEventListener("change", (event) => event.stopPropagation());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it would send off the form
    if (event.key === "Escape") {
      input.value = "";
      filter();
    }
  });
}
