// Brings in what an editor may do with this paper, for who was in the admin with this browser. A
// cookie without a secret says that it is worth asking; whether it is allowed is decided there.
"use strict";
{
  const place = document.querySelector("[data-desk]");
  if (place && /(^|; )desk=1(;|$)/.test(document.cookie)) {
    fetch(place.dataset.desk, { credentials: "same-origin", redirect: "error", cache: "no-store" })
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((html) => {
        place.innerHTML = html;
      })
      .catch(() => {}); // not logged in any more
  }
}
