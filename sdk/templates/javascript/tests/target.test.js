// The logic, natively: the system is a function, and every call is remembered.

import assert from 'node:assert/strict';
import { register } from 'node:module';
import { test } from 'node:test';

import { lines, system } from './host.js';

// What the host would offer is ./host.js here.
const host = new URL('./host.js', import.meta.url).href;
register(
  'data:text/javascript,' +
    encodeURIComponent(
      `export const resolve = (name, context, next) =>
         name.startsWith('counterfoil:') ? { url: ${JSON.stringify(host)}, shortCircuit: true } : next(name, context);`,
    ),
);
const { connection, directory, documents } = await import('../target.js');
const exact = await import('../exact.js');

const text = (bytes) => new TextDecoder().decode(bytes);
const amount = (digits) => exact.contract(digits);

function against(answer, call) {
  system.answer = answer;
  system.calls = [];
  return call();
}

function failure(call) {
  try {
    call();
  } catch (error) {
    return error.payload;
  }
  throw new Error('it did not fail');
}

function line(id, digits) {
  return {
    id, fee: 'resource-recurring', description: 'Seat  "gold"', productCode: 'P-1', productName: 'Seat',
    quantity: amount('1'), unitPrice: amount(digits), amount: amount(digits), priceSource: 'order',
    arithmetic: '1 × it', item: 'p-1', attributes: [],
  };
}

function job(lines, links = true, settings = []) {
  const order = {
    id: 'o1', number: 'SO000001', kind: 'sales', revision: '1', currency: 'USD', billingModel: 'before-billing-period',
    billingCycle: 'P1M', customerId: '42', customerName: 'Northwind', subscriptionId: 's1', subscriptionName: 'Seats',
    createdOn: '2026-11-21', effectiveOn: '2026-11-21', lines, total: amount('376.20'), attributes: [],
  };
  const party = { kind: 'party', sourceId: '42', targetId: 'c-1', targetCode: '', targetName: 'Northwind', attributes: [] };
  return { id: 't1', order, links: links ? [party] : [], settings, adjustments: [], marker: 'CF-t1', today: '2026-11-21', attributes: [] };
}

function planned() {
  const silent = () => { throw new Error('a plan of this target reads nothing'); };
  const [answer] = against(silent, () => documents.plan([job([line('l1', '376.20'), line('l2', '0')])]));
  assert.equal(answer.tag, 'ok', JSON.stringify(answer.val.message));
  return answer.val;
}

const stored = (id, reference) =>
  `{"id":"${id}","customer":"c-1","reference":"${reference}","currency":"USD","date":"2026-11-21",` +
  '"lines":[{"description":"Seat","quantity":1,"unit_price":376.20,"amount":376.20}],"total":376.20}';

test('an order becomes one invoice and free lines are left out', () => {
  const plan = planned();
  assert.equal(plan.changes[0].key, 'invoice:o1:1');
  assert.deepEqual(plan.changes[0].total, { amount: amount('376.2'), currency: 'USD' });
  assert.deepEqual(plan.changes[0].lines.map((one) => one.covers), [['l1']]);
  assert.deepEqual(plan.leftOut.map((one) => one.line), ['l2']);
  assert.match(text(plan.payload), /"due_date":"2026-12-05"/);
  assert.match(text(plan.payload), /Seat \\"gold\\"/);
  assert.match(text(plan.payload), /"amount":376\.2\}/);
  assert.deepEqual(planned(), plan);
});

test('an order that cannot be billed says what to do', () => {
  for (const [given, code] of [
    [job([], false), 'acme-books-customer'],
    [job([], true, [['due_days', 'soon']]), 'acme-books-due-days'],
    [job([], true, [['due_days', '366']]), 'acme-books-due-days'],
  ]) {
    const [answer] = documents.plan([given]);
    assert.deepEqual([answer.tag, answer.val.class, answer.val.code], ['err', 'rejected', code]);
  }
});

test('what was planned is sent under its key and what was stored is told', () => {
  const plan = planned();
  const [answer] = against(() => [201, stored('inv-1', 'CF-t1')], () => documents.apply([plan]));
  assert.equal(answer.val.changes[0].reference, 'inv-1');
  assert.deepEqual(answer.val.changes[0].total, { amount: amount('376.2'), currency: 'USD' });
  const [[key, request]] = system.calls;
  assert.deepEqual([key, request.body], ['invoice:o1:1', plan.payload]);
  // What is known to exist is never sent again.
  const again = { ...plan, adopted: answer.val.changes };
  const [quiet] = against(() => { throw new Error('nothing is left to send'); }, () => documents.apply([again]));
  assert.equal(quiet.val.changes.length, 1);
});

test('answers that are not good have their class', () => {
  for (const [status, body, kind] of [
    [401, '', 'auth'],
    [403, '', 'forbidden'],
    [409, '', 'conflict'],
    [422, 'date is missing', 'rejected'],
    [429, '', 'throttled'],
    [500, '', 'unknown-outcome'],
    [200, '<html>', 'unknown-outcome'],
    [200, '{"id":"inv-1"', 'unknown-outcome'],
    [200, '{}', 'unknown-outcome'],
    [200, '{"id":"x","currency":"USD","total":1e9999}', 'unknown-outcome'],
  ]) {
    // Planned first: it takes the system's place too.
    const plan = planned();
    const [answer] = against(() => [status, body], () => documents.apply([plan]));
    assert.deepEqual([answer.tag, answer.val.class], ['err', kind], `${status} ${body}`);
    assert.equal(answer.val.retryAfterMs, status >= 400 ? 7000n : undefined);
  }
});

test('a lost invoice is found by its marker alone', () => {
  const page = (some, next) => [200, `{"invoices":[${some.map(([id, mark]) => stored(id, mark)).join(',')}],"next":${next}}`];
  const look = (answer) => {
    const plan = planned();
    return against((method, path, query) => answer(query.after), () => documents.locate(plan, 'invoice:o1:1'));
  };
  assert.equal(look(() => page([['a', 'CF-t10']], 'null')).tag, 'absent');
  const second = (after) => (after ? page([['b', 'CF-t1'], ['b', 'CF-t1']], 'null') : page([['a', 'other']], '"2"'));
  assert.equal(look(second).val.reference, 'b');
  assert.equal(look(() => page([['a', 'CF-t1'], ['b', 'CF-t1']], 'null')).val.length, 2);
  assert.equal(failure(() => look(() => [500, ''])).class, 'transient');
});

test('a customer is looked for before it is made', () => {
  const draft = { key: 'create:1', code: '', name: 'Northwind "<b>"', attributes: [] };
  const known = '{"customers":[{"id":"c-1","name":"Northwind","external_id":"create:1"}],"next":null}';
  assert.equal(against(() => [200, known], () => directory.create('party', draft)).id, 'c-1');
  assert.deepEqual(system.calls.map(([, request]) => request.method), ['GET']);
  const fresh = (method) => (method === 'GET' ? [200, '{"customers":[]}'] : [201, '{"id":"c-9","name":"N"}']);
  assert.equal(against(fresh, () => directory.create('party', draft)).id, 'c-9');
  assert.match(text(system.calls[1][1].body), /"name":"Northwind \\"<b>\\"","external_id":"create:1"/);
});

test('prices are left to people', () => {
  const draft = { key: 'revise:1', code: 'P-1', name: 'Seat', price: amount('7.80'), attributes: [] };
  const silent = () => { throw new Error('nothing is to be asked'); };
  for (const [kind, code] of [['item', 'acme-books-revise'], ['container', 'acme-books-kind']]) {
    const told = failure(() => against(silent, () => directory.revise(kind, 'p-1', draft)));
    assert.deepEqual([told.class, told.code], ['unsupported', code]);
  }
});

test('a defect is a failure with its place in the log', () => {
  const broken = () => [200, { toString: () => { throw new TypeError('a defect'); } }];
  const told = failure(() => against(broken, () => connection.probe()));
  assert.equal(told.class, 'internal');
  assert.match(told.message, /defect in probe/);
  const [level, , [[name, stack]]] = lines.at(-1);
  assert.deepEqual([level, name], ['error', 'stack']);
  assert.match(stack, /books\.js/);
});

test('numbers are exact or refused, and JSON is read strictly', () => {
  for (const [given, coefficient, scale] of [
    ['376.20', 3762n, 1], ['0.1648', 1648n, 4], ['-0.005', -5n, 3], ['1E+3', 1000n, 0], ['0', 0n, 0], ['5e-9', 5n, 9],
    ['0.000000001', 1n, 9], ['9223372036854775807', 2n ** 63n - 1n, 0],
  ]) {
    assert.deepEqual(exact.contract(given), { coefficient, scale }, given);
  }
  for (const given of ['0.0000000001', '9223372036854775808', 'NaN', '1e400', '', '1.', '.5']) {
    assert.throws(() => exact.contract(given), exact.Unreadable, given);
  }
  const bytes = (given) => new TextEncoder().encode(given);
  const kept = text(exact.bytes(exact.parse(bytes(' {"a" : [0.10, -2.5e1, "x\\n", true, null, {}], "__proto__": 1} '))));
  assert.equal(kept, '{"a":[0.1,-25,"x\\n",true,null,{}],"__proto__":1}');
  for (const given of ['', '{', '[1,]', '{"a"}', '01', '"\t"', '1 2', 'nul', '[1 2]', '['.repeat(200)]) {
    assert.throws(() => exact.parse(bytes(given)), exact.Unreadable, given);
  }
});
