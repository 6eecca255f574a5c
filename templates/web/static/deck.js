"use strict";
// The deck: the cards of the list below it, one on top of the next. Right: known. Left: again.
// Progress stays in this browser. Without this script the list is all there is, and works.
(() => {
  const KEY = "digest.deck";
  const FLING = 80; // CSS pixels, beyond which a card lets go
  const root = document.body.dataset.root;
  const deck = document.getElementById("deck");
  const list = document.getElementById("cards");
  const count = document.getElementById("count");
  const form = document.querySelector("form.filters");
  const items = new Map([...list.querySelectorAll(".card")].map((li) => [li.dataset.slug, li]));
  const words = new Map([...items].map(([slug, li]) => [slug, li.textContent.toLowerCase()]));
  const whole = !location.search || !/[?&](track|level|q)=[^&]/.test(location.search);
  const total = items.size;
  let cards = new Map();
  let queue = [];
  let past = [];
  let marks = load();
  let prefetched = false;

  function load() {
    try {
      return JSON.parse(localStorage.getItem(KEY) || "{}");
    } catch {
      return {};
    }
  }

  function save() {
    try {
      localStorage.setItem(KEY, JSON.stringify(marks));
    } catch { /* a browser that keeps nothing */ }
  }

  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "html") made.innerHTML = value;
      else if (value !== null) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  // --- the frame of the deck ---------------------------------------------------------------

  const pile = el("div", { class: "pile" });
  const again = el("button", { type: "button", class: "button quiet" }, "← Again");
  const undo = el("button", { type: "button", class: "button quiet" }, "Undo");
  const know = el("button", { type: "button", class: "button" }, "I know it →");
  const tally = el("p", { class: "meta tally", role: "status" });
  const bar = el("div", { class: "bar-of", html: '<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="k" width="0" height="6"/></svg>' });
  const hint = el("p", { class: "meta tally", html: "Swipe, drag, or use <kbd>←</kbd> <kbd>→</kbd>; <kbd>a</kbd> shows the answer, <kbd>z</kbd> undoes." });
  deck.append(pile, el("div", { class: "moves" }, again, undo, know), bar, tally, hint);

  function visible() {
    return [...items].filter(([, li]) => !li.hidden).map(([slug]) => slug);
  }

  function refill(first = "") {
    const shown = visible();
    const fresh = shown.filter((slug) => !marks[slug]);
    const later = shown.filter((slug) => marks[slug] === "again");
    queue = [...fresh, ...later].filter((slug) => cards.has(slug));
    if (first && cards.has(first)) queue = [first, ...queue.filter((slug) => slug !== first)];
    draw();
  }

  function face(slug, top) {
    const card = cards.get(slug);
    const li = items.get(slug);
    const title = li.querySelector("h2").textContent;
    const made = el(
      "article",
      { class: `face ${top ? "top-card" : "next"}`, "data-slug": slug, "aria-hidden": top ? null : "true" },
      el("p", { class: "label" }, li.querySelector(".label").textContent),
      el("h3", {}, title),
      el("p", { html: li.querySelector("h2 + p").innerHTML }),
      el("div", { class: "formula", html: card.formula, role: "group", "aria-label": "Formula" }),
    );
    if (top) made.querySelector(".formula").tabIndex = 0;
    if (card.figure) {
      made.append(el("img", { src: card.figure.src, width: card.figure.width, height: card.figure.height, alt: card.alt, draggable: "false" }));
    }
    made.append(el("div", { html: card.definition }));
    if (top) {
      made.append(
        el("details", { class: "fold" }, el("summary", { html: `Do you recall? ${card.question}` }), el("p", { html: card.answer })),
        el("p", { class: "meta" }, el("a", { href: `${root}/concepts/${slug}` }, "The whole card")),
        el("span", { class: "stamp yes", "aria-hidden": "true" }, "known"),
        el("span", { class: "stamp no", "aria-hidden": "true" }, "again"),
      );
      grip(made);
    }
    return made;
  }

  function draw() {
    pile.replaceChildren();
    if (queue.length) {
      if (queue.length > 1) pile.append(face(queue[1], false));
      pile.append(face(queue[0], true));
    } else {
      const fresh = el("button", { type: "button", class: "button" }, "Begin anew");
      fresh.addEventListener("click", () => {
        for (const slug of visible()) delete marks[slug];
        save();
        refill();
      });
      pile.append(el("article", { class: "face" }, el("h3", {}, visible().length ? "You know all of these" : "No card has these words"), el("p", {}, "Choose another track or level above, or begin anew."), fresh));
    }
    again.disabled = know.disabled = !queue.length;
    undo.disabled = !past.length;
    const shown = visible();
    const known = shown.filter((slug) => marks[slug] === "known").length;
    const later = shown.filter((slug) => marks[slug] === "again").length;
    bar.querySelector("rect").setAttribute("width", shown.length ? (100 * known) / shown.length : 0);
    tally.textContent = `${known} known, ${later} to see again, ${shown.length - known - later} new`;
    for (const [slug, li] of items) {
      li.classList.toggle("known", marks[slug] === "known");
      li.classList.toggle("again", marks[slug] === "again");
    }
  }

  // --- moving ------------------------------------------------------------------------------

  function move(mark) {
    const slug = queue.shift();
    if (!slug) return;
    past.push([slug, marks[slug]]);
    marks[slug] = mark;
    save();
    if (mark === "again") queue.push(slug);
    const gone = pile.querySelector(".top-card");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (gone && !still) {
      gone.classList.add("settling");
      gone.style.transform = `translateX(${mark === "known" ? 120 : -120}%) rotate(${mark === "known" ? 8 : -8}deg)`;
      gone.style.opacity = "0";
      const ghost = gone;
      draw();
      ghost.classList.remove("top-card");
      ghost.setAttribute("aria-hidden", "true");
      ghost.inert = true;
      ghost.style.zIndex = "2";
      ghost.style.pointerEvents = "none";
      pile.append(ghost);
      setTimeout(() => ghost.remove(), 240);
    } else {
      draw();
    }
    prefetch();
  }

  function back() {
    const last = past.pop();
    if (!last) return;
    const [slug, before] = last;
    if (before) marks[slug] = before;
    else delete marks[slug];
    save();
    queue = [slug, ...queue.filter((other) => other !== slug)];
    draw();
  }

  function grip(card) {
    let start = null;
    let dx = 0;
    const [yes, no] = [card.querySelector(".yes"), card.querySelector(".no")];
    const place = () => {
      card.style.transform = dx ? `translateX(${dx}px) rotate(${dx / 40}deg)` : "";
      yes.style.opacity = Math.max(0, Math.min(1, dx / FLING));
      no.style.opacity = Math.max(0, Math.min(1, -dx / FLING));
    };
    card.addEventListener("pointerdown", (event) => {
      if (event.button || event.target.closest("a, summary, button")) return;
      start = { x: event.clientX, y: event.clientY, at: event.timeStamp, id: event.pointerId };
      dx = 0;
      card.classList.remove("settling");
      // At once: a quick hand has left the card before its first move is told.
      card.setPointerCapture(start.id);
    });
    card.addEventListener("pointermove", (event) => {
      if (!start || event.pointerId !== start.id) return;
      dx = event.clientX - start.x;
      if (Math.abs(dx) > 8) card.classList.add("moving");
      if (card.classList.contains("moving")) place();
    });
    const end = (event) => {
      if (!start || event.pointerId !== start.id) return;
      const quick = Math.abs(dx) / Math.max(1, event.timeStamp - start.at) > 0.5 && Math.abs(dx) > 30;
      const go = event.type === "pointerup" && (Math.abs(dx) > FLING || quick);
      start = null;
      card.classList.remove("moving");
      card.classList.add("settling");
      if (go) {
        move(dx > 0 ? "known" : "again");
      } else {
        dx = 0;
        place();
      }
    };
    card.addEventListener("pointerup", end);
    card.addEventListener("pointercancel", end);
  }

  again.addEventListener("click", () => move("again"));
  know.addEventListener("click", () => move("known"));
  undo.addEventListener("click", back);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, .formula")) return;
    const does = {
      ArrowRight: () => move("known"),
      ArrowLeft: () => move("again"),
      a: () => {
        const fold = pile.querySelector(".top-card details");
        if (fold) fold.open = !fold.open;
      },
      z: back,
    }[event.key];
    if (does) {
      event.preventDefault();
      does();
    }
  });

  // --- filters -----------------------------------------------------------------------------

  function filter() {
    const [track, level] = [form.elements.track.value, form.elements.level.value];
    const wanted = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [slug, li] of items) {
      li.hidden = (track && li.dataset.track !== track) || (level && li.dataset.level !== level)
        || wanted.some((word) => !words.get(slug).includes(word));
    }
    const shown = visible().length;
    if (whole) count.textContent = `${shown} of ${total} cards`;
    refill();
  }

  if (whole) {
    form.querySelector("button").hidden = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      filter();
    });
    form.addEventListener("input", filter);
  } else {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select")) form.requestSubmit();
    });
  }

  // --- without a network --------------------------------------------------------------------

  function prefetch() {
    // Once someone really uses the deck, its pictures are fetched, so that it works on a train.
    const saving = navigator.connection && navigator.connection.saveData;
    if (prefetched || saving || !navigator.serviceWorker || !navigator.serviceWorker.controller) return;
    prefetched = true;
    const wanted = [...cards.values()].filter((card) => card.figure).map((card) => card.figure.src);
    const next = () => {
      const src = wanted.shift();
      if (src) fetch(src).then(() => setTimeout(next, 50)).catch(() => {});
    };
    setTimeout(next, 1000);
  }

  fetch(deck.dataset.url)
    .then((answer) => answer.json())
    .then((all) => {
      cards = new Map(all.filter((card) => items.has(card.slug)).map((card) => [card.slug, card]));
      deck.hidden = false;
      refill(decodeURIComponent(location.hash.slice(1)));
    })
    .catch(() => { /* the list below is whole */ });
})();
