"use strict";
// Keeps the deck, so that it opens without a network. Only concepts, files and pictures pass
// through here: no page of somebody's own is ever kept.
const CACHE = `digest-${VERSION}`;
const PICTURES = "digest-pictures";
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEEP)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith("digest-") && n !== CACHE && n !== PICTURES).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

async function kept(request, name) {
  const found = await caches.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(name)).put(request, answer.clone());
  return answer;
}

async function fresh(request) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), PATIENCE_MS));
  try {
    const answer = await Promise.race([fetch(request), late]);
    const url = new URL(request.url);
    if (answer.ok && !url.search) (await caches.open(CACHE)).put(request, answer.clone());
    return answer;
  } catch (error) {
    const found = await caches.match(request, { ignoreSearch: true });
    if (found) return found;
    const slug = new URL(request.url).pathname.split("/").pop();
    if (request.mode === "navigate") return Response.redirect(`${ROOT}/concepts/#${slug}`);
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith(ROOT)) return;
  const path = url.pathname.slice(ROOT.length);
  if (path.startsWith("/static/")) event.respondWith(kept(request, CACHE));
  else if (path.startsWith("/images/")) event.respondWith(kept(request, PICTURES));
  else if (path.startsWith("/concepts/")) event.respondWith(fresh(request));
});
