// Exact numbers, and JSON that keeps them: digits and where the point stands, as the contract has them. Owns reading and
// writing; no amount is ever one of JavaScript's own numbers.

const MOST_SCALE = 9;
const MOST_COEFFICIENT = 2n ** 63n - 1n;
const MOST_DEPTH = 100;

/** What came is not what was promised. */
export class Unreadable extends Error {}

/** `coefficient` × 10^-`scale`. */
export class Exact {
  constructor(coefficient, scale) {
    this.coefficient = coefficient;
    this.scale = scale;
  }

  /** "40.1", never "4.01e1" or "40.100". */
  toString() {
    const digits = String(this.coefficient < 0n ? -this.coefficient : this.coefficient).padStart(this.scale + 1, '0');
    const [whole, part] = [digits.slice(0, digits.length - this.scale), digits.slice(digits.length - this.scale)];
    const fine = part.replace(/0+$/, '');
    return (this.coefficient < 0n ? '-' : '') + whole + (fine ? '.' + fine : '');
  }
}

/** What the contract handed over, to be written. */
export function number(given) {
  return new Exact(given.coefficient, given.scale);
}

/** As the contract carries it. Some systems send amounts in quotes; those are read too. */
export function contract(value) {
  const given = typeof value === 'string' ? read(value) : value;
  if (!(given instanceof Exact)) throw new Unreadable(`${show(value)} is no number`);
  return { coefficient: given.coefficient, scale: given.scale };
}

function read(text) {
  const found = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text);
  if (!found) throw new Unreadable(`"${text}" is no number`);
  const [, sign, whole, part = '', power = '0'] = found;
  let coefficient = BigInt(whole + part);
  let scale = part.length - Number(power);
  // Refused before anything is multiplied: an exponent may be made to fill the memory.
  if (scale > 60 || scale < -20 || whole.length > 40) throw new Unreadable(`${text} is too large or too fine`);
  if (scale < 0) [coefficient, scale] = [coefficient * 10n ** BigInt(-scale), 0];
  while (scale > 0 && coefficient % 10n === 0n) [coefficient, scale] = [coefficient / 10n, scale - 1];
  if (scale > MOST_SCALE || coefficient > MOST_COEFFICIENT) {
    throw new Unreadable(`${text} has more digits than can be kept exactly`);
  }
  return new Exact(sign ? -coefficient : coefficient, scale);
}

/** Numbers become `Exact`, digit by digit; objects have no prototype that an answer could reach. */
export function parse(bytes) {
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable('it is no text');
  }
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  /** What stands here, if it is that. */
  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at += found[0].length;
    return found?.[0];
  }

  blank() {
    this.take(/[ \t\r\n]*/y);
  }

  wrong() {
    return new Unreadable(`it is no JSON at character ${this.at}`);
  }

  value(depth) {
    if (depth > MOST_DEPTH) throw new Unreadable('it is nested too deeply');
    this.blank();
    const next = this.text[this.at];
    if (next === '{') return this.object(depth);
    if (next === '[') return this.array(depth);
    if (next === '"') return this.string();
    const word = this.take(/true|false|null/y);
    if (word) return { true: true, false: false, null: null }[word];
    const digits = this.take(/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y);
    if (!digits) throw this.wrong();
    return read(digits);
  }

  string() {
    const raw = this.take(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    if (raw === undefined) throw this.wrong();
    return JSON.parse(raw);
  }

  array(depth) {
    const all = [];
    this.at += 1;
    this.blank();
    if (this.take(/\]/y)) return all;
    for (;;) {
      all.push(this.value(depth + 1));
      this.blank();
      if (this.take(/\]/y)) return all;
      if (!this.take(/,/y)) throw this.wrong();
    }
  }

  object(depth) {
    const all = Object.create(null);
    this.at += 1;
    this.blank();
    if (this.take(/\}/y)) return all;
    for (;;) {
      this.blank();
      const name = this.string();
      this.blank();
      if (!this.take(/:/y)) throw this.wrong();
      all[name] = this.value(depth + 1);
      this.blank();
      if (this.take(/\}/y)) return all;
      if (!this.take(/,/y)) throw this.wrong();
    }
  }

  end() {
    this.blank();
    if (this.at < this.text.length) throw this.wrong();
  }
}

/** The same value gives the same bytes: members stand in the order in which they were put in. */
export function bytes(value) {
  return new TextEncoder().encode(written(value));
}

function written(value) {
  if (value instanceof Exact) return value.toString();
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${written(one)}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} is not written as JSON; take Exact for a number`);
}

/** For messages. */
export function show(value) {
  return value === undefined ? 'nothing' : clip(written(value), 60);
}

/** Trimmed, with every run of white space and control characters as one space. */
export function singleSpaced(text) {
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** Counted in characters, so that none is cut in two. */
export function clip(text, most) {
  const all = [...text];
  return all.length <= most ? text : all.slice(0, most - 1).join('').trimEnd() + '…';
}
