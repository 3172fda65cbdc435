// Keeps an open page true: on news from the journal it reads its own `data-live` regions again and swaps what
// changed. What somebody is typing is never thrown away. Without this script every page still works; "Reload" does
// the same by hand.
"use strict";
(() => {
  const badge = document.getElementById("live");
  const EVERY = 500, QUIET = 25000, SLOW_REFRESH = 9000; // milliseconds
  let held = [], source, position = document.body.dataset.position, heard = 0, read = 0, took = 0, waiting = false, asking = false, more = false, pressed = 0;

  const say = (look, text) => {
    badge.hidden = false;
    if (badge.textContent !== text) { badge.className = "live " + look; badge.textContent = text; }
  };
  const regions = () => [...document.querySelectorAll("[data-live]")];

  const isTyped = c => c.type === "checkbox" ? c.checked !== c.defaultChecked
    : c.tagName === "SELECT" ? [...c.options].some(o => o.selected !== o.defaultSelected && c.selectedIndex > 0) : c.value !== c.defaultValue;
  const typedIn = region => [...region.querySelectorAll("input[id]:not([type=hidden]),textarea[id],select[id]")]
    .filter(c => c.type === "file" ? c.files.length : isTyped(c));
  const keep = (fresh, controls) => { // into the new region, where each control still has its place; false: one has none
    const places = controls.map(c => [c, fresh.querySelector("#" + CSS.escape(c.id))]);
    if (places.some(([c, place]) => !place || c.type === "file")) return false;
    places.forEach(([c, place]) => { c.type === "checkbox" ? place.checked = c.checked : place.value = c.value; });
    return true;
  };

  const alike = (region, one) => // what reads the same: a button that somebody has reached by key has no id
    [...region.querySelectorAll(one.tagName)].filter(c => c.textContent === one.textContent && c.name === one.name);

  const swap = (region, fresh) => {
    if (region.dataset.sent === fresh.innerHTML) { region.dataset.mark = fresh.dataset.mark; return; }
    const sent = fresh.innerHTML, typed = typedIn(region), at = document.activeElement;
    const caret = region.contains(at) && "selectionStart" in at && at.type !== "checkbox" ? [at.selectionStart, at.selectionEnd] : null;
    if (region.querySelector(".fault") && !region.dataset.sent) { region.dataset.sent = sent; return; } // a refused form keeps its reason
    if (region.querySelector(".fault") || !keep(fresh, typed)) return held.push(region);
    const focused = region.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? alike(region, focused).indexOf(focused) : -1;
    const open = [...region.querySelectorAll("details[open][id]")].map(d => d.id);
    const scrolls = [...region.querySelectorAll(".scroll[id]")].map(s => [s.id, s.scrollLeft, s.scrollTop]);
    const y = window.scrollY;
    region.dataset.sent = sent; region.dataset.mark = fresh.dataset.mark;
    region.replaceChildren(...fresh.childNodes);
    open.forEach(id => document.getElementById(id)?.setAttribute("open", ""));
    scrolls.forEach(([id, x, top]) => document.getElementById(id)?.scrollTo(x, top));
    const again = focused && (focused.id ? document.getElementById(focused.id) : alike(region, focused)[place]);
    again?.focus({ preventScroll: true });
    if (again && caret) try { again.setSelectionRange(...caret); } catch { /* has no caret */ }
    window.scrollTo({ top: y, behavior: "instant" });
  };

  const away = () => { if (!badge.classList.contains("off")) say("waiting", "reconnecting"); }; // it had said that it stops

  const refresh = async () => {
    waiting = false; asking = true; read = Date.now(); held = [];
    const names = regions().map(r => r.dataset.mark ? r.dataset.live + ":" + r.dataset.mark : r.dataset.live);
    if (!names.length) { asking = false; return; }
    const url = new URL(document.body.dataset.address || location.href, location.origin);
    url.hash = ""; url.searchParams.set("fragment", names.join(",")); url.searchParams.set("news", position);
    try {
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      if (answer.status === 401) return say("off", "signed out: reload to sign in");
      if (!answer.ok) return say("waiting", "not up to date: answer " + answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (isHeld()) { more = true; return; } // a button swapped between press and release would lose the click
      for (const region of regions()) {
        const fresh = page.querySelector(`[data-live="${region.dataset.live}"]`);
        if (fresh) swap(region, fresh);
      }
      if (held.length) say("waiting", "changed meanwhile; what you typed is kept: send it, or reload");
      else if (source.readyState !== EventSource.CLOSED) say("on", "live"); // the answer may be the last of a server that has stopped
    } catch { away(); } finally { took = Date.now() - read; asking = false; if (more && !isHeld()) { more = false; soon(); } }
  };
  const soon = () => {
    if (asking) { more = true; return; } // one question at a time
    if (waiting) return;
    waiting = true; setTimeout(refresh, Math.max(0, Math.max(EVERY, 2 * took) - (Date.now() - read))); // a busy server is asked less
  };

  const hold = e => { if (e.type === "pointerdown" || e.key === " ") pressed = Date.now(); };
  const release = () => { pressed = 0; if (more && !asking) { more = false; soon(); } };
  ["pointerdown", "keydown"].forEach(kind => document.addEventListener(kind, hold, true));
  ["pointerup", "pointercancel", "keyup"].forEach(kind => document.addEventListener(kind, release, true));
  const isHeld = () => Date.now() - pressed < 5000; // let go outside the window it is never told

  const connect = () => {
    source?.close(); heard = Date.now();
    source = new EventSource("/stream?after=" + encodeURIComponent(position));
    source.onopen = () => { heard = Date.now(); soon(); };
    source.addEventListener("news", e => { heard = Date.now(); position = e.lastEventId; soon(); });
    source.addEventListener("beat", () => { heard = Date.now(); if (heard - read > SLOW_REFRESH) soon(); });
    source.addEventListener("trouble", e => { heard = Date.now(); say("waiting", "not up to date: " + e.data); });
    source.addEventListener("stopped", () => { source.close(); heard = Date.now() - QUIET + 5000; say("off", "stopped"); });
    source.onerror = away;
  };

  // A fact named in the address may be on another page of the journal: go to where it stands.
  const target = /^#p(\d+)$/.exec(location.hash);
  if (target && document.querySelector("[data-facts]") && !document.getElementById(location.hash.slice(1))) {
    location.replace(location.pathname + "?after=" + Math.max(0, target[1] - 20) + location.hash);
  }

  document.getElementById("reload").addEventListener("click", e => { e.preventDefault(); location.replace(document.body.dataset.address || location.href); });

  // One key leads to a button, which Enter then presses; none of them presses anything by itself.
  const keys = document.getElementById("keys"), OFF = "cutover-keys-off";
  document.getElementById("keys-off")?.addEventListener("change", e => { e.target.checked ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF); });
  const go = { b: "/board", m: "/board?mine=1", t: "/board/tasks" };
  const lead = place => {
    if (place.tagName === "SUMMARY") place.parentElement.open = true;
    place.focus(); place.scrollIntoView({ block: "center" });
  };
  document.addEventListener("keydown", e => {
    const typing = e.target.closest("input:not([type=checkbox]),textarea,select");
    if (!keys || typing || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "?") { document.getElementById("keys-off").checked = !!localStorage.getItem(OFF); keys.open ? keys.close() : keys.showModal(); return; }
    if (localStorage.getItem(OFF) || keys.open) return;
    const place = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`);
    if (place) { e.preventDefault(); lead(place); } else if (go[e.key]) location.assign(go[e.key]);
  });
  if (!regions().length) return;
  say("waiting", "connecting");
  connect();
  // The watchdog: an EventSource that failed at first, or whose line went silently dead, does not come back by itself.
  setInterval(() => { if (Date.now() - heard > QUIET || source.readyState === 2 && Date.now() - heard > 5000) connect(); }, 2000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
})();
