// The system's own words: customers and products as it has them, its pages, and what its status codes mean. Owns no decision
// about what is billed.

import * as remote from 'counterfoil:target/remote@0.1.0';

import * as exact from './exact.js';

// Pages that are followed by ourselves, before something must be wrong.
const MOST_PAGES = 200;

const PATHS = { party: '/customers', item: '/products' };

// Status: class, code, what to do.
const MEANINGS = {
  401: ['auth', 'acme-books-sign-in', 'Enter the token again.'],
  403: ['forbidden', 'acme-books-forbidden', "Give the token's user the right to do this."],
  404: ['not-found', 'acme-books-not-found', 'Link it again; it is gone.'],
  409: ['conflict', 'acme-books-conflict', 'Look in Acme Books for what is in the way.'],
  429: ['throttled', 'acme-books-throttled', 'It is tried again by itself.'],
};

/** A failure of the contract: the engine hands `payload` to the host. */
export class Failed extends Error {
  constructor(kind, code, message, retryAfterMs) {
    super(message);
    this.payload = { class: kind, code, message, retryAfterMs, attributes: [] };
  }
}

function request(operation, method, path, query, body = new Uint8Array()) {
  const headers = [['Accept', 'application/json']];
  if (body.length > 0) headers.push(['Content-Type', 'application/json']);
  return { operation, method, path, query: Object.entries(query), headers, body };
}

/** A read whose answer is a good one. */
export function read(operation, path, query = {}) {
  const answer = remote.read(request(operation, 'GET', path, query));
  if (answer.status < 200 || answer.status > 299) throw refused(answer, 'transient');
  return understood(path, answer.body, 'internal');
}

/**
 * A write whose answer is a good one. What a server says when it broke down proves nothing about what it did; neither does an
 * answer that cannot be read.
 */
export function write(operation, path, key, body) {
  const answer = remote.write(key, request(operation, 'POST', path, {}, body));
  if (answer.status < 200 || answer.status > 299) throw refused(answer, 'unknown-outcome');
  return understood(path, answer.body, 'unknown-outcome');
}

/** What a status that is not good means. `broken` is what it means when the system itself broke down. */
function refused(answer, broken) {
  const rejected = ['rejected', 'acme-books-rejected', 'Mend what it names and plan again.'];
  const down = [broken, 'acme-books-broken', 'The host looks before it tries again.'];
  const known = MEANINGS[answer.status] ?? rejected;
  const [kind, code, act] = answer.status >= 400 && answer.status < 500 ? known : down;
  const said = exact.clip(exact.singleSpaced(new TextDecoder().decode(answer.body)), 200);
  const waits = answer.headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1].trim() ?? '';
  const retryAfterMs = /^[0-9]{1,9}$/.test(waits) ? BigInt(waits) * 1000n : undefined;
  return new Failed(kind, code, `Acme Books answered ${answer.status}: ${said}. ${act}`, retryAfterMs);
}

function understood(what, body, kind) {
  return promised(what, kind, () => {
    const parsed = exact.parse(body);
    if (!isObject(parsed)) throw new exact.Unreadable('it is no object');
    return parsed;
  });
}

/** What `make` makes of an answer; one that is not as promised has this class. */
export function promised(what, kind, make) {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof exact.Unreadable)) throw error;
    throw new Failed(kind, 'acme-books-answer', `Acme Books showed ${what} otherwise than promised: ${error.message}.`);
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof exact.Exact);
}

/** A member that is a text. Without a default it must be there and not be empty. */
export function text(record, name, usual) {
  const value = record[name] ?? usual;
  if (typeof value !== 'string' || (usual === undefined && value === '')) {
    throw new exact.Unreadable(`${name} is ${exact.show(record[name])} and should be a text`);
  }
  return value;
}

export function records(page, name) {
  const found = page[name];
  if (!Array.isArray(found) || !found.every(isObject)) {
    throw new exact.Unreadable(`${name} should be a list of objects`);
  }
  return found;
}

function pathOf(kind) {
  if (!Object.hasOwn(PATHS, kind)) throw new Failed('unsupported', 'acme-books-kind', `Acme Books has no ${kind}.`);
  return PATHS[kind];
}

function entity(kind, record) {
  const price = record.price ?? undefined;
  return {
    kind,
    id: text(record, 'id'),
    code: text(record, 'code', ''),
    name: text(record, 'name'),
    active: true,
    price: price === undefined ? undefined : exact.contract(price),
    attributes: [],
  };
}

function listed(kind, page) {
  return promised('a list', 'internal', () => records(page, pathOf(kind).slice(1)));
}

export function search(kind, query, cursor) {
  const asked = cursor === undefined ? { q: query } : { q: query, after: cursor };
  const page = read('list', pathOf(kind), asked);
  const entities = promised('a record', 'internal', () => listed(kind, page).map((record) => entity(kind, record)));
  return { entities, next: nextPage(page, cursor) };
}

/** A page that leads to itself has no end. */
function nextPage(page, cursor) {
  const next = page.next;
  return typeof next === 'string' && next !== '' && next !== cursor ? next : undefined;
}

/** Undefined: there is no such record. */
export function one(kind, id) {
  let record;
  try {
    record = read('get', `${pathOf(kind)}/${segment(id)}`);
  } catch (error) {
    if (error.payload?.class === 'not-found') return undefined;
    throw error;
  }
  return promised('a record', 'internal', () => entity(kind, record));
}

/** Looks first: an earlier try with this key may have made it. */
export function create(kind, draft) {
  const path = pathOf(kind);
  const known = listed(kind, read('list', path, { external_id: draft.key }));
  const same = known.find((record) => record.external_id === draft.key);
  if (same) return promised('a record', 'internal', () => entity(kind, same));
  const price = draft.price ? { price: exact.number(draft.price) } : {};
  const fresh = { code: draft.code, name: draft.name, ...price, external_id: draft.key };
  const made = write('create', path, draft.key, exact.bytes(fresh));
  return promised('what was made', 'unknown-outcome', () => entity(kind, made));
}

/**
 * Prices are kept by people in Acme Books. Where a system lets them be set, write price and cost where they differ, and nothing
 * else, and give back what it stored.
 */
export function revise(kind, id, _draft) {
  pathOf(kind);
  const text = `Acme Books does not let the prices of ${kind} ${id} be changed from outside. Nothing was written; change them there.`;
  throw new Failed('unsupported', 'acme-books-revise', text);
}

/** Every page of a list, each asked for with the cursor of the page before. */
export function pages(operation, path, query, name) {
  const found = [];
  let cursor;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const page = read(operation, path, cursor === undefined ? query : { ...query, after: cursor });
    found.push(...promised('a list', 'internal', () => records(page, name)));
    cursor = nextPage(page, cursor);
    if (cursor === undefined) return found;
  }
  throw new Failed('transient', 'acme-books-pages', 'A list of Acme Books has no end. Try again later.');
}

/** An id in a path, whatever characters it has. */
export function segment(id) {
  return encodeURIComponent(id).replace(/[!'()*]/g, (one) => '%' + one.charCodeAt(0).toString(16).toUpperCase());
}
