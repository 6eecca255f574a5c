"use strict";
// The pages work without this. It fills in the time zone, folds nothing, tracks nothing.
(() => {
  const root = document.body.dataset.root;
  const zone = document.querySelector("input[data-guess]");
  if (zone) {
    const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (guess && document.querySelector(`#zones option[value="${CSS.escape(guess)}"]`)) {
      zone.value = guess;
    }
  }
  // A button pressed twice sends once.
  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, 4000);
    });
  }
  // Which cards were opened, kept in this browser only.
  const card = document.querySelector("article.concept");
  if (card) {
    try {
      const seen = JSON.parse(localStorage.getItem("digest.seen") || "{}");
      seen[card.dataset.slug] = Date.now();
      localStorage.setItem("digest.seen", JSON.stringify(seen));
    } catch { /* a browser that keeps nothing */ }
  }
  if ("serviceWorker" in navigator && /\/concepts\//.test(location.pathname)) {
    navigator.serviceWorker.register(`${root}/worker.js`, { scope: `${root}/` }).catch(() => {});
  }
})();
