// The station page: puts the parts together. Nothing here waits for the network before a person can go on.
import { fields, problems, read, reset, setUp, showMove } from "./entry.js";
import { all, known, save, SavedBefore, takeBack } from "./outbox.js";
import { showRegister, showWaiting } from "./showing.js";
import { enrol, Locked, look, send } from "./sync.js";

const EVERY = 15000;
const SOONEST = 1000; // after an answer that did not come; each time twice as long, up to EVERY
const station = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const $ = (id) => document.getElementById(id);
let seen = { station, title: station, zone: "UTC", forms: [], sheets: [], counts: {}, breaches: [] };
let sending = false;
let again = false;
let pause = SOONEST;

function say(id, text, look = "") {
  $(id).textContent = text;
  $(id).className = `${id === "notice" ? "alert" : "says"} ${look}`;
  if (id === "notice") $(id).hidden = !text;
}

function link(text, look) {
  $("link").textContent = text;
  $("link").className = `live ${look}`;
}

async function drawWaiting() {
  const records = (await all()).filter((one) => one.station === station);
  showWaiting($("waiting"), records, seen, { drop, mend });
  $("waiting-title").textContent = records.length ? `On this PC, not sent yet: ${records.length}` : "On this PC, not sent yet: nothing";
}

function draw() {
  document.title = `${seen.title}: paper log`;
  $("title").textContent = seen.title;
  showRegister({ counts: $("counts"), breaches: $("breaches"), sheets: $("sheets"), asOf: $("as-of") }, seen);
  setUp(seen);
}

async function drop(record) {
  await takeBack(record);
  await drawWaiting();
}

/** Take a record back into the form, to be saved anew. */
async function mend(record) {
  if (await takeBack(record)) fields(record.move, seen.zone);
  await drawWaiting();
  $("serial").focus();
}

async function saveEntry(event) {
  event.preventDefault();
  say("saved", "");
  const by = $("by").value.trim();
  sessionStorage.setItem("by", by);
  const first = problems(seen, by);
  if (first) return first.focus();
  const move = read(seen, by);
  const repeats = move.move === "handed_over" ? `.${Date.parse(move.saved_at).toString(36)}` : "";
  const key = `${move.serial}.${move.move}${repeats}`;
  try {
    await save({ key, station, move });
  } catch (error) {
    const why = error instanceof SavedBefore ? `${move.serial} waits here already: see the list below.` : `This PC could not keep it (${error}). Write it on the paper register.`;
    say("saved", `✗ ${why}`, "bad");
    return undefined;
  }
  reset();
  say("saved", `✓ ${move.serial} is saved on this PC.`, "good");
  $("serial").focus();
  await drawWaiting();
  return sync();
}

/** Send, then look. One at a time over all windows of this browser; asked for meanwhile, it is done once more. */
async function sync() {
  if (sending) {
    again = true;
    return;
  }
  sending = true;
  try {
    do {
      again = false;
      await (navigator.locks ? navigator.locks.request(`send ${station}`, once) : once());
    } while (again);
  } finally {
    sending = false;
  }
}

async function once() {
  try {
    if (!navigator.onLine) throw new Error("no network"); // surely not sent: what waits may still be changed
    await send(station, drawWaiting, seen.settled, (said) => say("notice", said, "ok"));
    seen = await look(station);
    if ((await all()).some((one) => one.state === "conflict" && seen.settled?.[one.key])) again = true; // decided meanwhile
    draw();
    link("connected", "on");
    pause = SOONEST;
    $("enrol").hidden = true;
  } catch (error) {
    const locked = error instanceof Locked;
    link(locked ? "not allowed to send" : "no connection: saved here", locked ? "off" : "waiting");
    $("enrol").hidden = !locked;
    if (!locked && navigator.onLine) setTimeout(sync, (pause = Math.min(2 * pause, EVERY)) / 2);
  }
  await drawWaiting();
}

async function useToken(text) {
  const token = text.includes("token=") ? text.slice(text.indexOf("token=") + 6) : text;
  try {
    await enrol(station, decodeURIComponent(token.trim()));
    say("notice", "This PC is now known as the station's.", "ok");
  } catch (error) {
    say("notice", error instanceof Locked ? `That link does not do: ${error.message}` : "No connection: open the link again when there is one.", "bad");
  }
  await sync();
}

async function install() {
  if (!("serviceWorker" in navigator)) {
    say("notice", "This browser cannot open the page without a network: leave it open.", "");
    return;
  }
  const offer = (registration) => {
    $("newer").hidden = !(registration.waiting && navigator.serviceWorker.controller);
    $("take-over").onclick = () => registration.waiting?.postMessage("take over");
  };
  let kept = Boolean(navigator.serviceWorker.controller);
  document.body.dataset.kept = String(kept); // whether it opens without a network
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (kept) location.reload();
    kept = true;
    document.body.dataset.kept = "true";
  });
  try {
    const registration = await navigator.serviceWorker.register("/station-app/sw.js", { scope: "/station/" });
    offer(registration);
    registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", () => offer(registration)));
  } catch {
    // no network, or no HTTPS: the page goes on as it is
  }
}

async function begin() {
  const manifest = document.createElement("link");
  manifest.rel = "manifest";
  manifest.href = `/station-app/manifest.webmanifest?station=${encodeURIComponent(station)}`;
  document.head.append(manifest);
  $("sign-in").href = `/sign-in?then=${encodeURIComponent(location.pathname)}`;
  $("by").value = sessionStorage.getItem("by") ?? "";
  $("by").addEventListener("change", () => sessionStorage.setItem("by", $("by").value.trim()));
  $("entry").addEventListener("submit", saveEntry);
  $("enrol-form").addEventListener("submit", (event) => (event.preventDefault(), useToken($("token").value)));
  showMove();
  seen = (await known(station)) ?? seen;
  draw();
  await drawWaiting();
  document.body.dataset.ready = "yes";
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  addEventListener("online", sync);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sync());
  setInterval(sync, EVERY);
  navigator.storage?.persist?.();
  await install();
  await (token ? useToken(token) : sync());
}

begin().catch((error) => {
  say("notice", `This page cannot keep anything in this browser (${error.message}). Write on the paper register.`, "bad");
});
