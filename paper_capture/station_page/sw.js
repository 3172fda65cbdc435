// Keeps the page for when there is no network. VERSION and FILES stand above, put there by the server: another file is
// another version, with a store of its own. A new version waits until a person asks for it; an old page goes on working.
const STORE = `station-${VERSION}`;
const PAGE = "/station-app/shell.html";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(FILES.map((path) => new Request(path, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("station-") && name !== STORE;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  const path = event.request.mode === "navigate" ? PAGE : pathname;
  if (event.request.mode !== "navigate" && !FILES.includes(path)) return;
  event.respondWith(
    caches.open(STORE).then((store) => store.match(path)).then((kept) => kept ?? fetch(event.request)),
  );
});
