// Tells the subscribe form which timezone the browser is in. Without this the form's own list does.
"use strict";
for (const input of document.querySelectorAll('input[name="browser_timezone"]')) {
  try {
    input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  } catch {
    // An old browser: the hour then counts in UTC unless the reader says otherwise.
  }
}
