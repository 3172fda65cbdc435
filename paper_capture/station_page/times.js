// Wall times of the programme's zone. A clock change makes some of them twice and leaves some out: a person says which.
const DAY = 24 * 3600 * 1000;
const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    formats.set(zone, new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone, hourCycle: "h23" }));
  }
  return formats.get(zone);
}

function offset(moment, zone) {
  const p = Object.fromEntries(format(zone).formatToParts(moment).map((part) => [part.type, Number(part.value)]));
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(moment / 1000) * 1000;
}

/** Every moment at which the wall clock of `zone` says `local` (2026-10-25T01:30): one, two, or none. */
export function moments(local, zone) {
  const wall = Date.parse(`${local}Z`);
  if (Number.isNaN(wall)) return [];
  const guesses = [wall - offset(wall - DAY, zone), wall - offset(wall + DAY, zone)];
  return [...new Set(guesses)].filter((guess) => guess + offset(guess, zone) === wall).sort((a, b) => a - b);
}

/** 2026-10-25T01:30:00+01:00 */
export function spelled(moment, zone) {
  const ahead = offset(moment, zone) / 60000;
  const sign = ahead < 0 ? "-" : "+";
  const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, "0");
  return `${new Date(moment + ahead * 60000).toISOString().slice(0, 19)}${sign}${two(ahead / 60)}:${two(Math.abs(ahead) % 60)}`;
}

/** What a `datetime-local` field shows for a moment. */
export function wall(moment, zone) {
  return spelled(moment, zone).slice(0, 16);
}

/** Sun 25 Oct 01:30 GMT */
export function shown(moment, zone) {
  const parts = { weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone, hourCycle: "h23" }).format(moment).replace(",", "");
}
