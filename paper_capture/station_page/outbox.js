// What waits on this PC, in the order in which it was saved. A record's key is its sheet and its move, fixed at the first
// save: the same move of the same sheet cannot be saved twice. Once sending has begun a record is frozen, for the server
// may have it already; it is wiped when the server has said so.
const NAME = "cutover-station";
let opened = null;

function open() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true }).createIndex("key", "key", { unique: true });
      asked.result.createObjectStore("known", { keyPath: "station" });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened;
}

async function within(store, mode, work) {
  const db = await open();
  return new Promise((done, fail) => {
    const deal = db.transaction(store, mode, { durability: "strict" });
    const asked = work(deal.objectStore(store));
    deal.oncomplete = () => done(asked?.result);
    deal.onabort = () => fail(deal.error ?? asked?.error);
  });
}

export class SavedBefore extends Error {}

/** Save a new record at the end. Throws SavedBefore for a move of a sheet that waits already. */
export async function save(record) {
  try {
    return await within("outbox", "readwrite", (store) => store.add({ ...record, state: "waiting" }));
  } catch (error) {
    if (error?.name === "ConstraintError") throw new SavedBefore(record.key);
    throw error;
  }
}

export const all = () => within("outbox", "readonly", (store) => store.getAll());
export const wipe = (record) => within("outbox", "readwrite", (store) => store.delete(record.seq));
export const know = (seen) => within("known", "readwrite", (store) => store.put(seen));
export const known = (station) => within("known", "readonly", (store) => store.get(station));

/** Change a record as it stands now, or not at all: `to` answers the new one, null to wipe it, undefined to leave it. */
async function move(seq, to) {
  let done = null;
  await within("outbox", "readwrite", (store) => {
    store.get(seq).onsuccess = ({ target }) => {
      const next = target.result && to(target.result);
      if (next === undefined) return;
      done = target.result;
      if (next === null) store.delete(seq);
      else store.put((done = next));
    };
  });
  return done;
}

/** From now on the server may have it. Null when a person was quicker to take it back. */
export const freeze = (record) => move(record.seq, (now) => (now.state === "refused" ? undefined : { ...now, state: "sending" }));
/** What the server said of it, for a person to deal with. */
export const hold = (record, state, said) => move(record.seq, (now) => ({ ...now, ...said, state }));
/** Take it back. Null when it is being sent meanwhile. */
export const takeBack = (record) => move(record.seq, (now) => (isOurs(now) ? null : undefined));

/** May the record be changed or dropped here: not while the server may have it. */
export const isOurs = (record) => record.state === "waiting" || record.state === "refused" || record.state === "conflict";
