// Lists: what waits on this PC, and the station's sheets as the server last said. Text only: nothing that was typed is markup.
import { isOurs } from "./outbox.js";
import { shown } from "./times.js";

const MOVES = { used: "used", spoiled: "spoiled", returned: "returned", unused: "blank, back", handed_over: "handed over" };
const STATES = {
  waiting: ["idle", "◌", "waits"], sending: ["busy", "→", "sent, no answer yet"], refused: ["bad", "✗", "refused"], conflict: ["warn", "!", "two accounts"],
};
const STAGES = {
  issued: "blank, here", used: "written, here", live: "record open: this sheet is the master, keep it here", spoiled: "spoiled", unused: "went back blank", missing: "missing", returned: "returned",
};
const COUNTS = [["outstanding", "blank, here"], ["used", "written on"], ["returned", "of these returned"], ["spoiled", "spoiled"], ["unused", "back blank"], ["missing", "missing"], ["issued", "issued in all"]];
const WORDS = { writer: "writer", occurred_at: "happened", written_at: "written", grade: "risk", reason: "reason" };
const MOST = 400;

function make(tag, text = "", className = "") {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function button(text, act) {
  const node = make("button", text);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

export function showWaiting(list, records, seen, { drop, mend }) {
  list.replaceChildren(...records.map((record) => line(record, seen, drop, mend)));
}

function line(record, seen, drop, mend) {
  const [look, sign, word] = STATES[record.state];
  const item = make("li");
  item.dataset.state = record.state;
  item.append(make("span", `${sign} ${word}`, `pill ${look}`), make("strong", record.move.serial), ` ${MOVES[record.move.move]}, saved by ${record.move.by}`);
  for (const reason of record.said ?? []) item.append(make("p", reason, "fault"));
  if (record.state === "conflict" && record.there) item.append(pair(record, seen.zone));
  if (!isOurs(record)) return item;
  const name = record.move.serial;
  const choices = make("div");
  if (record.state === "conflict") choices.append(button(`${name}: what the server has is right, drop mine`, () => drop(record)));
  else {
    choices.append(button(`Change ${name}`, () => mend(record)));
    choices.append(button(`Drop ${name}`, () => confirm(`Drop what was saved for ${name}?`) && drop(record)));
  }
  item.append(choices);
  return item;
}

/** Both accounts beside each other. */
function pair(record, zone) {
  const box = make("div", "", "pair");
  box.append(make("span"), make("strong", "here"), make("strong", "the server has"));
  const tidy = (value) => (/^\d{4}-\d\d-\d\dT/.test(value ?? "") ? shown(Date.parse(value), zone) : value ?? "");
  for (const [name, there] of Object.entries(record.there)) {
    box.append(make("span", WORDS[name] ?? name, "note"), make("span", tidy(record.move[name])), make("span", tidy(there)));
  }
  return box;
}

export function showRegister(parts, seen) {
  const late = seen.checked && !seen.checked_whole ? ` What does not hold was worked out ${shown(Date.parse(seen.checked), seen.zone)}.` : "";
  parts.asOf.textContent = seen.at ? `As the server said ${shown(Date.parse(seen.now ?? seen.at), seen.zone)}.${late}` : "Not seen yet on this PC: open the page once with a connection.";
  parts.counts.replaceChildren(
    ...COUNTS.filter(([name]) => name in seen.counts).map(([name, text]) => {
      const box = make("div");
      box.append(make("dt", text), make("dd", String(seen.counts[name])));
      return box;
    }),
  );
  parts.breaches.replaceChildren(...seen.breaches.map((text) => make("li", text)));
  const titles = Object.fromEntries(seen.forms.map((form) => [form.id, form.title]));
  parts.sheets.replaceChildren(
    ...seen.sheets.slice(0, MOST).map((sheet) => {
      const row = make("tr");
      const written = sheet.written_at ? shown(Date.parse(sheet.written_at), seen.zone) : "";
      row.append(...[sheet.serial, titles[sheet.form] ?? sheet.form, STAGES[sheet.stage] ?? "being converted", written].map((text) => make("td", text)));
      return row;
    }),
  );
}
