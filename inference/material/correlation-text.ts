/** Correlations as text, in a peer's demand and in files of pools: the kind, its numbers, and a party where it has one. */
import { ProtocolError } from '../core/errors.js';
import type { PartyId } from '../core/tensors.js';
import { type Correlation, exponentialItem, MOST_COPIES, selectionItem, signItem } from './correlation.js';

/** Of a shape's numbers. */
const MOST_EXTENT = 1 << 16;
/** Of a table's index (Backend.lookUp), and of one read bit by bit (Backend.lines). */
const MOST_INDEX_BITS = 12;
const MOST_LONG_INDEX_BITS = 16;

export function formatCorrelation(c: Correlation): string {
  switch (c.kind) {
    case 'linear':
      return `linear ${c.weight} ${c.ringBits}`;
    case 'factors':
      return `factors ${c.factors} ${c.ringBits}`;
    case 'matmul':
      return `matmul ${c.batch} ${c.n} ${c.k} ${c.m} ${c.ringBits}`;
    case 'square':
      return `square ${c.bits} ${c.ringBits} ${c.first}`;
    case 'comparison':
      return `comparison ${c.ringBits} ${c.copies} ${c.sender}`;
    case 'sign':
      return `sign ${c.ringBits} ${c.copies}`;
    case 'bit':
      return `bit ${c.ringBits} ${c.sender}`;
    case 'carry':
      return `carry ${c.ringBits}`;
    case 'exponential':
      return `exponential ${c.ringBits} ${c.fractionBits} ${c.resultBits}`;
    case 'look-up':
      return `look-up ${c.indexBits} ${c.ringBits}`;
    case 'selection':
      return `selection ${c.bits} ${c.ringBits}`;
    case 'conjunction':
      return `conjunction ${c.ringBits}`;
    case 'product':
      return `product ${c.ringBits} ${c.width}`;
    case 'cots':
      return `cots ${c.sender}`;
  }
}

const PATTERN =
  /^(linear|factors|matmul|square|comparison|sign|bit|carry|exponential|look-up|selection|conjunction|product|cots)((?: \d{1,5}){0,5})( server| client)?$/;

function correlationOf(kind: string, n: readonly number[], party: PartyId | undefined): Correlation | null {
  const isRing = (bits: number | undefined) => bits !== undefined && bits >= 1 && bits <= 64;
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = n;
  const shape = `${kind} ${n.length} ${party === undefined ? 'any' : 'party'}`;
  switch (shape) {
    case 'linear 2 any':
      return isRing(b) ? { kind: 'linear', weight: a, ringBits: b } : null;
    case 'factors 2 any':
      return isRing(b) ? { kind: 'factors', factors: a, ringBits: b } : null;
    case 'matmul 5 any':
      return isRing(e) && Math.min(a, b, c, d) >= 1
        ? { kind: 'matmul', batch: a, n: b, k: c, m: d, ringBits: e }
        : null;
    case 'square 2 party':
      return isRing(b) && a >= 2 && b >= a && b < 2 * a
        ? { kind: 'square', bits: a, ringBits: b, first: party! }
        : null;
    case 'comparison 2 party':
      return a >= 2 && a <= 33 && b >= 1 && b <= MOST_COPIES
        ? { kind: 'comparison', ringBits: a, copies: b, sender: party! }
        : null;
    case 'sign 2 any':
      return signItem(a, b);
    case 'bit 1 party':
      return isRing(a) ? { kind: 'bit', ringBits: a, sender: party! } : null;
    case 'carry 1 any':
      return isRing(a) ? { kind: 'carry', ringBits: a } : null;
    case 'exponential 3 any':
      return exponentialItem(a, b, c);
    case 'look-up 2 any':
      return a >= 1 && a <= (b === 1 ? MOST_LONG_INDEX_BITS : MOST_INDEX_BITS) && isRing(b)
        ? { kind: 'look-up', indexBits: a, ringBits: b }
        : null;
    case 'selection 2 any':
      return isRing(b) ? selectionItem(a, b) : null;
    case 'conjunction 1 any':
      return isRing(a) ? { kind: 'conjunction', ringBits: a } : null;
    case 'product 2 any':
      return isRing(a) && b >= 1 ? { kind: 'product', ringBits: a, width: b } : null;
    case 'cots 0 party':
      return { kind: 'cots', sender: party! };
    default:
      return null;
  }
}

/** @throws ProtocolError if the text names no correlation within bounds */
export function parseCorrelation(text: string): Correlation {
  const match = PATTERN.exec(text);
  const numbers = (match?.[2] ?? '').split(' ').filter(Boolean).map(Number);
  const party = match?.[3]?.trim() as PartyId | undefined;
  const fits = match && numbers.every((number) => number <= MOST_EXTENT);
  const correlation = fits ? correlationOf(match[1]!, numbers, party) : null;
  if (!correlation) throw new ProtocolError(`demand: expected a correlation, got ${JSON.stringify(text)}`);
  return correlation;
}
