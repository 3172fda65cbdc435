// Sends what waits, one after the other, oldest first. A lost answer is asked for again with the same key and content.
// What the server refuses stays here with the reason until a person has dealt with it; later moves of that sheet wait.
import { all, freeze, hold, know, wipe } from "./outbox.js";

const PATIENCE = 20000;

export class Locked extends Error {}

async function ask(path, options = {}) {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), PATIENCE);
  try {
    return await fetch(path, { ...options, signal: end.signal, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } finally {
    clearTimeout(timer);
  }
}

/** Send until nothing more can be sent. Returns how many were taken. Throws when there is no connection, Locked when not known. */
export async function send(station, told, settled = {}, decided = () => {}) {
  const held = new Set();
  let taken = 0;
  for (const record of (await all()).filter((one) => one.station === station)) {
    const serial = record.move.serial;
    const decided = record.state === "conflict" && settled[record.key]; // a supervisor chose: the server takes it as told
    if (held.has(serial) || record.state === "refused" || (record.state === "conflict" && !decided)) {
      held.add(serial);
      continue;
    }
    if (await sendOne(station, record, decided)) taken += 1;
    else held.add(serial);
    told();
  }
  return taken;
}

async function sendOne(station, record, decided) {
  if (!(await freeze(record))) return true; // taken back meanwhile: there is nothing to send
  const body = JSON.stringify({ ...record.move, v: 1, key: record.key, sent_at: new Date().toISOString() });
  const path = `/api/v1/stations/${encodeURIComponent(station)}/moves/${encodeURIComponent(record.key)}`;
  const answer = await ask(path, { method: "PUT", headers: { "Content-Type": "application/json" }, body });
  if (answer.status === 200 || answer.status === 201) {
    const said = (await problem(answer)).settled;
    await wipe(record);
    if (said) decided(`${record.move.serial}: ${said}`);
    return true;
  }
  if (answer.status === 401 || answer.status === 403) throw new Locked((await problem(answer)).detail);
  if (answer.status === 500) return false; // a defect over this one record must not hold up the others; it is sent again later
  if (answer.status !== 409 && answer.status !== 422) throw new Error(`answer ${answer.status}`);
  const said = await problem(answer);
  await hold(record, answer.status === 409 ? "conflict" : "refused", { said: said.reasons ?? [said.detail], there: said.there });
  return false;
}

async function problem(answer) {
  try {
    return await answer.json();
  } catch {
    return { detail: `answer ${answer.status}`, reasons: [`answer ${answer.status}`] };
  }
}

/** What the server knows of this station, kept for when there is no connection. Throws as `send` does. */
export async function look(station) {
  const answer = await ask(`/api/v1/stations/${encodeURIComponent(station)}`);
  if (answer.status === 401 || answer.status === 403) throw new Locked((await problem(answer)).detail);
  if (!answer.ok) throw new Error(`answer ${answer.status}`);
  const seen = { ...(await answer.json()), at: new Date().toISOString() };
  await know(seen);
  return seen;
}

/** Make this PC the station's, once, with the token of its link. Throws Locked for a token that is none. */
export async function enrol(station, token) {
  const path = `/api/v1/stations/${encodeURIComponent(station)}/enrolment`;
  const answer = await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
  if (!answer.ok) throw new Locked((await problem(answer)).detail);
}
