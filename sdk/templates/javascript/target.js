// Acme Books as a target. Owns which call goes where; the system's words are in `books`, what an order becomes in `documents`.

import { event } from 'counterfoil:target/log@0.1.0';

import * as books from './books.js';
import * as bills from './documents.js';

/** A defect is a failure with its place in the log. Without this the call would only stop, and nobody would know where. */
function told(name, call) {
  return (...given) => {
    try {
      return call(...given);
    } catch (error) {
      if (error.payload?.class) throw error;
      event('error', `${name} has a defect`, [['stack', String(error.stack ?? error).slice(0, 3000)]]);
      throw new books.Failed('internal', 'acme-books-defect', `The plugin has a defect in ${name}: ${error}`);
    }
  };
}

/** One answer for each, in order: what fails for one does not stop the others. */
function each(name, call) {
  const one = told(name, call);
  return (asked) =>
    asked.map((given) => {
      try {
        return { tag: 'ok', val: one(given) };
      } catch (error) {
        return { tag: 'err', val: error.payload };
      }
    });
}

export const connection = {
  probe: told('probe', () => {
    const account = books.read('account', '/account');
    return books.promised('the account', 'internal', () => ({
      id: books.text(account, 'id'),
      name: books.text(account, 'name'),
      baseCurrency: books.text(account, 'currency'),
      country: books.text(account, 'country', ''),
      timeZone: books.text(account, 'time_zone', '') || 'UTC',
      attributes: [],
    }));
  }),
};

export const directory = {
  search: told('search', (kind, query, cursor) => books.search(kind, query, cursor ?? undefined)),
  get: told('get', (kind, ids) => ids.map((id) => books.one(kind, id)).filter((entity) => entity !== undefined)),
  create: told('create', (kind, draft) => books.create(kind, draft)),
  revise: told('revise', (kind, id, draft) => books.revise(kind, id, draft)),
};

export const documents = {
  plan: each('plan', bills.plan),
  apply: each('apply', bills.apply),
  locate: told('locate', (plan, changeKey) => bills.locate(plan, changeKey)),
  observe: each('observe', bills.observe),
};
