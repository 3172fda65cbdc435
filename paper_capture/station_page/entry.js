// The form: what is asked for each move, what is wrong with it, and the move it makes. Times are never filled in unasked.
import { readSerial, serialIn } from "./serial.js";
import { moments, shown, spelled, wall } from "./times.js";

const $ = (id) => document.getElementById(id);
const WHERE = {
  issued: "", used: "was logged as used already", spoiled: "was logged as spoiled already", unused: "was logged as blank already",
  missing: "was declared missing: good that it is back",
};
let seen = { forms: [], sheets: [], zone: "UTC" };
let drawnFor = null;

/** Now by the server's clock, as far as this PC knows how wrong its own is. */
const clock = () => Date.now() + (seen.at && seen.now ? Date.parse(seen.now) - Date.parse(seen.at) : 0);
const chosen = () => document.querySelector('input[name="move"]:checked').value;
const prefixes = () => seen.forms.map((form) => form.prefix);

export function showMove() {
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== chosen();
  showSerial();
}

function says(id, text, look = "bad") {
  $(`${id}-says`).textContent = text;
  $(`${id}-says`).className = `says ${text ? look : ""}`;
  if (text && look === "bad") $(id).setAttribute("aria-invalid", "true");
  else $(id).removeAttribute("aria-invalid");
}

/** What can be said of the number at once, without the server. */
function showSerial(finished = false) {
  const found = readSerial($("serial").value, prefixes());
  if (found.problem !== undefined) {
    const full = $("serial").value.replace(/[\s-]/g, "").length >= 11;
    says("serial", finished || full ? found.problem : "");
    return drawClocks(null);
  }
  const form = seen.forms.find((one) => one.prefix === found.prefix);
  const sheet = seen.sheets.find((one) => one.serial === found.serial);
  const title = form ? form.title : "The number is right";
  if (seen.sheets.length && !sheet) says("serial", `${title}. Not in this station's list as this PC knows it: look again.`, "warn");
  else {
    const was = chosen() === "used" || chosen() === "spoiled" || chosen() === "unused" ? WHERE[sheet?.stage] ?? "" : "";
    says("serial", was ? `${title}: it ${was}.` : `✓ ${title}`, was ? "warn" : "good");
  }
  return drawClocks(form);
}

/** The times that start a form's clocks, such as when detention was authorised. */
function drawClocks(form) {
  if (drawnFor === (form?.id ?? null)) return;
  drawnFor = form?.id ?? null;
  $("clocks").replaceChildren(...(form?.times ?? []).map((time) => field(`time-${time.name}`, time.label)));
}

function field(id, text) {
  const box = document.createElement("div");
  box.className = "field";
  const label = document.createElement("label");
  label.htmlFor = id;
  label.textContent = `${text} (may be empty)`;
  const input = document.createElement("input");
  Object.assign(input, { id, type: "datetime-local" });
  input.setAttribute("aria-describedby", `${id}-says`);
  const twice = document.createElement("div");
  Object.assign(twice, { className: "twice", hidden: true });
  const line = document.createElement("p");
  Object.assign(line, { id: `${id}-says`, className: "says" });
  line.setAttribute("aria-live", "polite");
  box.append(label, input, twice, line);
  input.addEventListener("change", () => showTwice(input));
  return box;
}

/** A wall time that the clock change makes twice: which of the two was meant, unless `known` says it. */
function showTwice(input, known = null) {
  const found = moments(input.value, seen.zone);
  const meant = found.length === 2 ? found.find((at) => at === known) : found[0];
  const open = found.length === 2 && meant === undefined;
  const box = input.closest(".field").querySelector(".twice");
  if (input.value && !found.length) says(input.id, "The clocks were changed: this time did not exist that night.");
  else says(input.id, open ? "The clocks were changed: which of the two was it?" : meant === undefined ? "" : shown(meant, seen.zone), open ? "warn" : "good");
  box.hidden = found.length < 2;
  if (box.hidden) return box.replaceChildren();
  return box.replaceChildren(
    ...found.map((moment) => {
      const label = document.createElement("label");
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name: `which-${input.id}`, value: String(moment), checked: moment === meant });
      radio.addEventListener("change", () => says(input.id, shown(moment, seen.zone), "good"));
      label.append(radio, ` ${shown(moment, seen.zone)}`);
      return label;
    }),
  );
}

/** The moment a field means: a number, null when it is empty, undefined when it is not clear. */
function moment(id) {
  const input = $(id);
  if (!input.value) return input.validity.badInput ? undefined : null;
  const found = moments(input.value, seen.zone);
  if (found.length < 2) return found[0];
  const picked = document.querySelector(`input[name="which-${id}"]:checked`);
  return picked ? Number(picked.value) : undefined;
}

function demand(id, wrong, text) {
  says(id, wrong ? text : "");
  return wrong ? $(id) : null;
}

/** Mark everything that is wrong; returns the first field to mend, or null. */
export function problems(now, by) {
  seen = now;
  const found = [];
  if (by) $("by").removeAttribute("aria-invalid");
  else $("by").setAttribute("aria-invalid", "true");
  if (!by) {
    $("saved").textContent = "✗ Say first who you are, at the top.";
    $("saved").className = "says bad";
    found.push($("by"));
  }
  const serial = readSerial($("serial").value, prefixes());
  if (serial.problem !== undefined) found.push(demand("serial", true, serial.problem || "The number is asked for."));
  if (chosen() === "used") found.push(...usedProblems());
  if (chosen() === "spoiled") found.push(demand("reason", !$("reason").value.trim(), "Say why, in a word or two."));
  if (chosen() === "handed_over") found.push(demand("receiver", !$("receiver").value.trim(), "Say who receives it."));
  return found.find(Boolean) ?? null;
}

function usedProblems() {
  const [occurred, written] = [moment("occurred_at"), moment("written_at")];
  const unclear = (id, at) => demand(id, !at, at === undefined ? "Say which of the two it was, or mend the time." : "This time is asked for.");
  const found = [
    demand("writer", !$("writer").value.trim(), "Say who wrote it."), unclear("occurred_at", occurred), unclear("written_at", written),
    ...[...document.querySelectorAll("#clocks input[type=datetime-local]")].map((input) => demand(input.id, moment(input.id) === undefined, "Say which of the two it was, or mend the time.")),
  ];
  if (occurred && written) {
    const late = written > clock() + 120000;
    if (late || occurred > written) found.push(demand("written_at", true, late ? "That is still to come." : "It was written before it happened: one of the two times is wrong."));
  }
  return found;
}

/** The move as it is sent. */
export function read(now, by) {
  const at = (id) => spelled(moment(id), now.zone);
  const text = (id) => $(id).value.trim();
  const move = { serial: readSerial($("serial").value).serial, move: chosen(), by, saved_at: new Date().toISOString() };
  if (move.move === "spoiled") return { ...move, reason: text("reason") };
  if (move.move === "handed_over") return { ...move, receiver: text("receiver"), place: text("place"), seal: text("seal") };
  if (move.move !== "used") return move;
  const inputs = [...document.querySelectorAll("#clocks input[type=datetime-local]")].filter((input) => input.value);
  const times = Object.fromEntries(inputs.map((input) => [input.id.slice(5), at(input.id)]));
  const grade = document.querySelector('input[name="grade"]:checked').value;
  return { ...move, writer: text("writer"), occurred_at: at("occurred_at"), written_at: at("written_at"), grade, times };
}

/** Empty for the next sheet; the writer stays, for sheets come in runs, and so does what happened to them. */
export function reset() {
  for (const id of ["serial", "occurred_at", "written_at", "reason", "receiver"]) $(id).value = "";
  for (const box of document.querySelectorAll(".twice")) Object.assign(box, { hidden: true, textContent: "" });
  for (const line of document.querySelectorAll("#entry .says")) line.textContent = "";
  document.querySelector('input[name="grade"][value="standard"]').checked = true;
  drawClocks(null);
}

/** Put a saved move back into the form. */
export function fields(move, zone) {
  document.querySelector(`input[name="move"][value="${move.move}"]`).checked = true;
  for (const id of ["serial", "writer", "reason", "receiver", "place", "seal"]) $(id).value = move[id] ?? "";
  showMove();
  for (const id of ["occurred_at", "written_at"]) {
    $(id).value = move[id] ? wall(Date.parse(move[id]), zone) : "";
    showTwice($(id), Date.parse(move[id] ?? ""));
  }
  if (move.grade) document.querySelector(`input[name="grade"][value="${move.grade}"]`).checked = true;
  for (const [name, at] of Object.entries(move.times ?? {})) {
    const input = $(`time-${name}`);
    if (!input) continue;
    input.value = wall(Date.parse(at), zone);
    showTwice(input, Date.parse(at));
  }
}

let wired = false;

export function setUp(now) {
  seen = now;
  if (wired) return;
  wired = true;
  for (const radio of document.querySelectorAll('input[name="move"]')) radio.addEventListener("change", showMove);
  $("serial").addEventListener("input", () => showSerial());
  $("serial").addEventListener("change", () => showSerial(true));
  $("serial").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !$("serial").value.includes(":")) return;
    event.preventDefault(); // a scanner at the keyboard's line types the whole code of the page, and Enter
    $("serial").value = serialIn($("serial").value) || $("serial").value;
    showSerial(true);
  });
  for (const id of ["occurred_at", "written_at"]) $(id).addEventListener("change", () => showTwice($(id)));
  $("now").addEventListener("click", () => {
    const minute = Math.floor(clock() / 60000) * 60000;
    $("written_at").value = wall(minute, seen.zone);
    showTwice($("written_at"), minute);
  });
  if ("BarcodeDetector" in window && navigator.mediaDevices) {
    $("scan").hidden = false;
    $("scan").addEventListener("click", scan);
  }
}

/** Read the sheet's code with the camera, where the browser can. */
async function scan() {
  const video = $("camera");
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    Object.assign(video, { srcObject: stream, hidden: false });
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code", "data_matrix"] });
    const end = Date.now() + 20000;
    while (Date.now() < end) {
      const serial = (await detector.detect(video)).map((code) => serialIn(code.rawValue)).find(Boolean);
      if (serial) {
        $("serial").value = serial;
        break;
      }
      await new Promise((next) => setTimeout(next, 150));
    }
    showSerial(true);
  } catch {
    says("serial", "The camera does not answer: type the number.");
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    Object.assign(video, { hidden: true, srcObject: null });
  }
}
