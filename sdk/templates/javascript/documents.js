// What an order becomes: one invoice, with a line for each line that bills something. Owns plan, apply, locate and observe.
// Amounts come from the host and go through untouched.

import * as books from './books.js';
import * as exact from './exact.js';

// As long as a description may be there.
const LONGEST = 500;
const DAY_MS = 86_400_000;

export function plan(job) {
  const order = job.order;
  const party = job.links.find((link) => link.kind === 'party');
  if (!party) {
    throw new books.Failed('rejected', 'acme-books-customer', `Link the customer ${order.customerName} first.`);
  }
  const billed = order.lines.filter((line) => line.amount.coefficient !== 0n);
  const nothing = order.lines.filter((line) => line.amount.coefficient === 0n);
  // It is the plan's payload, so that what was confirmed is what is sent.
  const invoice = {
    customer: party.targetId,
    // The host's marker: by it a lost document is found again.
    reference: job.marker,
    currency: order.currency,
    date: order.effectiveOn,
    due_date: due(order.effectiveOn, dueDays(job)),
    lines: billed.map(invoiceLine),
    total: exact.number(order.total),
  };
  const change = {
    // Of the order alone: the same job must give the same key for ever.
    key: `invoice:${order.id}:${order.revision}`,
    action: 'create',
    document: 'invoice',
    title: `Invoice for ${order.number} to ${party.targetName}`,
    fields: fields(invoice, party.targetName),
    lines: billed.map(planLine),
    total: { amount: order.total, currency: order.currency },
    why: `From the order ${order.number} (${order.kind}).`,
    attributes: [],
  };
  return {
    job: job.id,
    changes: [change],
    leftOut: nothing.map((line) => ({ line: line.id, why: 'It bills nothing.' })),
    notes: [],
    payload: exact.bytes(invoice),
    adopted: [],
    attributes: [],
  };
}

function dueDays(job) {
  const written = new Map(job.settings).get('due_days') || '14';
  if (!/^[0-9]{1,3}$/.test(written) || Number(written) > 365) {
    throw new books.Failed('rejected', 'acme-books-due-days', `The setting due_days is "${written}"; give 0 to 365.`);
  }
  return Number(written);
}

/** The day alone: a date of UTC has no clock to change. */
function due(day, days) {
  const later = new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
  return /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(later) ? later : day;
}

function description(line) {
  return exact.clip(exact.singleSpaced(line.description), LONGEST);
}

function invoiceLine(line) {
  return {
    product: line.item ?? null,
    description: description(line),
    quantity: exact.number(line.quantity),
    unit_price: exact.number(line.unitPrice),
    amount: exact.number(line.amount),
  };
}

function planLine(line) {
  return {
    covers: [line.id],
    description: description(line),
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    unitCost: line.unitCost,
    amount: line.amount,
    bills: line.amount,
    why: line.arithmetic,
    attributes: [],
  };
}

/** What people see beside the lines. */
function fields(invoice, customer) {
  return [
    { name: 'customer', after: customer, owner: 'target' },
    { name: 'date', after: invoice.date, owner: 'marketplace' },
    { name: 'due date', after: invoice.due_date, owner: 'host' },
    { name: 'reference', after: invoice.reference, owner: 'host' },
  ];
}

/** Sends the payload as it is. No decision is made here. */
export function apply(plan) {
  const stored = [...plan.adopted];
  const known = new Set(plan.adopted.map((receipt) => receipt.key));
  for (const change of plan.changes.filter((change) => !known.has(change.key))) {
    const answer = books.write('create-invoice', '/invoices', change.key, plan.payload);
    stored.push(books.promised('an invoice', 'unknown-outcome', () => receipt(change.key, answer)));
  }
  return { job: plan.job, changes: stored, attributes: [] };
}

/** What was stored, as the system says; never as it was meant. */
function receipt(key, stored) {
  return {
    key,
    action: 'create',
    document: 'invoice',
    reference: books.text(stored, 'id'),
    number: books.text(stored, 'number', ''),
    total: total(stored),
    attributes: [],
  };
}

function total(stored) {
  const currency = books.text(stored, 'currency');
  if (!/^[A-Z]{3}$/.test(currency)) throw new exact.Unreadable(`"${currency}" is no currency`);
  return { amount: exact.contract(stored.total), currency };
}

/** By the marker, which the payload holds. Every page is read, and what is found is compared again here. */
export function locate(plan, changeKey) {
  const { reference } = exact.parse(plan.payload);
  // A list that moves while it is read shows a document twice.
  const same = new Map();
  for (const stored of books.pages('find-invoice', '/invoices', { reference }, 'invoices')) {
    if (books.promised('an invoice', 'internal', () => books.text(stored, 'reference', '')) !== reference) continue;
    const one = books.promised('an invoice', 'internal', () => receipt(changeKey, stored));
    if (!same.has(one.reference)) same.set(one.reference, one);
  }
  const all = [...same.values()];
  if (all.length === 0) return { tag: 'absent' };
  return all.length === 1 ? { tag: 'found', val: all[0] } : { tag: 'several', val: all };
}

export function observe(receipt) {
  const documents = receipt.changes.map((change) => {
    const stored = books.read('get-invoice', `/invoices/${books.segment(change.reference)}`);
    return books.promised('an invoice', 'internal', () => observed(change.key, stored));
  });
  return { job: receipt.job, documents, attributes: [] };
}

function observed(key, stored) {
  return {
    key,
    reference: books.text(stored, 'id'),
    number: books.text(stored, 'number', ''),
    state: books.text(stored, 'state', '') || 'stored',
    total: total(stored),
    lines: books.records(stored, 'lines').map((line) => ({
      description: books.text(line, 'description', ''),
      quantity: exact.contract(line.quantity),
      unitPrice: exact.contract(line.unit_price),
      amount: exact.contract(line.amount),
    })),
    attributes: [],
  };
}
