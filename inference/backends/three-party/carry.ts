/**
 * The carry of a + c, of which node 0 knows a and nodes 1 and 2 know c: what every comparison comes down to, since node 0 knows
 * x0 + x1 and the others x2. Both are cut into digits of four bits, or of eight. For each digit node 0 deals the unit vector at its
 * digit, 16 or 256 bits under XOR; whether two digits make a carry, or would pass one on, is then a sum of the places that the other digit
 * selects: a public set of places. What comes out, shared bits, is again an XOR of what node 0 and what the others know, so a few digits are
 * combined in the same way, by unit vectors of 8, 16 or 32 places. Two messages for up to 12 bits, three up to 28; with digits of eight bits one
 * for up to 8, two up to 24, where so many bytes take less time than a message.
 */
import { kernels } from '#kernels';
import { giveBack, takeBytes, takeWords } from '../../core/words.js';
import { ROUNDING } from '../local-backend.js';
import { type Components, known, type Node } from './node.js';
import { bytesPart, fieldsOf, type Hidden, hidden, type StepPlan, take } from './step.js';
import { mapTuple } from '../../../util/map-tuple.js';

type Words = BigUint64Array;

/** What a unit vector stands for, as the kernels number it; of the lowest digits only whether they carry is asked. */
const KINDS = { lowDigit: 0, digit: 1, lowPair: 2, pair: 3, lowTriple: 4, lowByte: 5, byte: 6 } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];
/** Bytes of a unit vector of each kind. */
const VECTOR_BYTES = [2, 2, 1, 2, 4, 32, 32] as const;
/** Of all vectors for large digits: what a wide network carries in the time of a message. */
const MOST_LARGE_BYTES = 2 ** 20;

interface Digits {
  readonly bits: number;
  readonly low: Kind;
  readonly upper: Kind;
}
const SMALL: Digits = { bits: 4, low: KINDS.lowDigit, upper: KINDS.digit };
const LARGE: Digits = { bits: 8, low: KINDS.lowByte, upper: KINDS.byte };

/** How a carry out of so many bits of `count` numbers is found: digits, and the kinds of each stage. */
export function carryPlan(count: number, bits: number) {
  const largeBytes = count * Math.ceil(bits / LARGE.bits) * VECTOR_BYTES[LARGE.low];
  const digits = largeBytes <= MOST_LARGE_BYTES ? LARGE : SMALL;
  const upper = (kind: Kind, length: number): Kind[] => new Array<Kind>(length).fill(kind);
  const first = Math.max(1, Math.ceil(bits / digits.bits));
  const stages: Kind[][] = [[digits.low, ...upper(digits.upper, first - 1)]];
  for (let left = first; left > 1; left = stages.at(-1)!.length) {
    const low = left % 2 === 1 ? 3 : 2;
    stages.push([low === 3 ? KINDS.lowTriple : KINDS.lowPair, ...upper(KINDS.pair, (left - low) / 2)]);
  }
  return { width: digits.bits * first, stages };
}

const vectorBytes = (stage: readonly Kind[]): number =>
  stage.reduce<number>((sum, kind) => sum + VECTOR_BYTES[kind], 0);

/** Does each carry, and but for the lowest: would it pass a carry on? */
const outputBits = (stage: readonly Kind[]): number => 2 * stage.length - 1;

export interface Summands {
  /** a [count] at node 0; at the others c [copies, count]: the same a may be compared with several. */
  readonly own: Words;
  readonly count: number;
  readonly copies: number;
  /** Of each, from the lowest. */
  readonly bits: number;
}

interface Stage {
  readonly kinds: Uint8Array;
  /** Indices that node 0 knows, and those of the others. */
  readonly period: number;
  readonly total: number;
  /** Of the result. */
  readonly bits: number;
  readonly plan: StepPlan<readonly [Uint8Array, ...Words[]], Words>;
}

/** How the carries of `copies` times `count` numbers are found; with `top` as many bits as numbers are added to the last result. */
export function carryStages(
  { count, copies, bits }: Omit<Summands, 'own'>,
  top: boolean,
): readonly [Stage, ...Stage[]] {
  const { stages } = carryPlan(count, bits);
  const total = copies * count;
  return stages.map((stage, i) => {
    const period = i === 0 ? count : total;
    const tops = top && i === stages.length - 1 ? [fieldsOf(count, 1)] : [];
    return {
      kinds: Uint8Array.from(stage),
      period,
      total,
      bits: outputBits(stage),
      plan: {
        dealt: [bytesPart(period * vectorBytes(stage)), ...tops],
        result: fieldsOf(total, outputBits(stage)),
      },
    };
  }) as unknown as readonly [Stage, ...Stage[]];
}

/** One stage. `index`: what node 0 knows [period], what the others know [total]. */
function stageStep(
  node: Node,
  { kinds, total, plan }: Stage,
  index: Words,
  top: Words,
): Promise<Components<Words>> {
  return take<readonly [Uint8Array, ...Words[]], Words>(node, {
    ...plan,
    deal() {
      const flipped: Hidden = (source) => {
        const vectors = source.bytes(plan.dealt[0].byteLength);
        kernels.carryVectors({ kinds, index, vectors });
        return vectors;
      };
      return plan.dealt.length === 1 ? [flipped] : [flipped, hidden(fieldsOf(top.length, 1), top)];
    },
    summand(scratch, vectors, dealtTop) {
      const out = scratch.words(total);
      kernels.carrySums({ kinds, index, vectors, out });
      if (dealtTop && total > 0) kernels.ringAdd(out, dealtTop, 1, out);
      if (dealtTop && node.index === 1) kernels.ringAdd(out, top, 1, out);
      return out;
    },
  });
}

/** Index words of the next stage: what node 0 knows of shared bits, and what the others know. */
function indexOf(node: Node, state: Components<Words>, bits: number): Words {
  if (node.index !== 0) return known(node, state);
  const [own, next] = state;
  return fieldsOf(own.length, bits).add(own.slice(), next);
}

async function carryAndTop(
  node: Node,
  summands: Summands,
  top: Words | null,
): Promise<Components<Uint8Array>> {
  const { own, count, bits } = summands;
  const [first, ...others] = carryStages(summands, top !== null);
  // Digits are filled up from below: zeros there carry nothing.
  const { width: whole } = carryPlan(count, bits);
  const index: Words = takeWords(own.length);
  kernels.ringScale(own, 1n << BigInt(whole - bits), whole, index);
  const tops = top ?? new BigUint64Array(0);
  let [state, { bits: width }] = [await stageStep(node, first, index, tops), first];
  giveBack(index);
  for (const stage of others) {
    const before = state;
    state = await stageStep(node, stage, indexOf(node, before, width), tops);
    giveBack(...before);
    width = stage.bits;
  }
  const bytes = bitsOf(state);
  giveBack(...state);
  return bytes;
}

export const bitsOf = (words: Components<Words>): Components<Uint8Array> =>
  mapTuple(words, (component) => {
    const bits = takeBytes(component.length);
    kernels.ringSignBit(component, 1, bits);
    return bits;
  });

/** Whether the lowest `bits` bits of both summands carry [copies · count], one byte each. */
export const carryOut = (node: Node, summands: Summands): Promise<Components<Uint8Array>> =>
  carryAndTop(node, summands, null);

/** The top bit of a + c modulo 2^ringBits, at least 2 bits: of both top bits and the carry of the others. */
export async function topBit(
  node: Node,
  { own, count, copies, bits }: Summands,
): Promise<Components<Uint8Array>> {
  const words = takeWords(own.length);
  kernels.ringShiftRight(own, bits, bits - 1, ROUNDING.floor, 1, words);
  const top = await carryAndTop(node, { own, count, copies, bits: bits - 1 }, words);
  giveBack(words);
  return top;
}
