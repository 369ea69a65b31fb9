/**
 * Products of which the lowest bits will be cut off, with fewer bits on the way. Bit b of a multiplier adds 2^b · x: what that has below the
 * product's lowest bits that count need not be sent. So a multiplier goes by groups of bits, and the lower a group the coarser its x, rounded to
 * nearest by the sender.
 *
 * Each group is off by less than a quarter of a unit of what is left, at random, since x is a share: all together by less than 0.15 of one
 * (standard deviation), and hardly ever by a whole one. The sender rounds halves up, so that a coarse x is too large by half of its own lowest
 * bit on average. Where the receiver has a share of x as well, it multiplies that by the same groups with halves down (`ownProduct`): then no
 * bias is left, and both roundings cancel where x is 0, so that 0 stays 0; a bit more is sent (`droppedOfShares`). Elsewhere (squares) the receiver takes
 * off half of its low bits (`withoutBias`).
 */
import { kernels } from '#kernels';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import { ROUNDING } from '../../local-backend.js';
import {
  correctionBytesOf,
  type CotJob,
  type ReceiverJob,
  type SenderJob,
} from '../exchange/cot-exchange.js';
import { type ProductPlan, ProductReceiver, ProductSender, productJob } from './cot-product.js';

/** Bits of a multiplier that have one x: fewer save more and are more calls of kernels. */
const GROUP_BITS = 3;
/** Less is not worth a group's call. */
const LEAST_COARSE_BITS = 2;

const BLOCK_BYTES = 16;

/** Bits `from` on of the multiplier, by x without its `coarse` lowest bits. */
interface Group extends Omit<ProductPlan, 'items'> {
  readonly from: number;
  readonly coarse: number;
}

/** The product's lowest `dropped` bits do not count. */
function groupsOf({ bits, ringBits, width, signed }: ProductPlan, dropped: number): readonly Group[] {
  const groups: Group[] = [];
  const coarseAt = (bit: number): number => dropped - 1 - GROUP_BITS - bit;
  let from = 0;
  const isWorthIt = () =>
    coarseAt(from) >= LEAST_COARSE_BITS &&
    from + GROUP_BITS < bits &&
    from + GROUP_BITS + coarseAt(from) <= ringBits;
  for (; isWorthIt(); from += GROUP_BITS) {
    const coarse = coarseAt(from);
    groups.push({
      from,
      coarse,
      bits: GROUP_BITS,
      ringBits: ringBits - from - coarse,
      width,
      signed: false,
    });
  }
  return [...groups, { from, coarse: 0, bits: bits - from, ringBits: ringBits - from, width, signed }];
}

/** The lowest bits of the multiplier, that go by a coarse x. */
const coarseBitsOf = (groups: readonly Group[]): number => groups.at(-1)!.from;

/** The multiplier's bits of one group [n], modulo 2^ringBits; taken. */
function bitsOfGroup(y: BigUint64Array, { bits }: ProductPlan, group: Group): BigUint64Array {
  const own = takeWords(y.length);
  kernels.ringShiftRight(y, bits, group.from, ROUNDING.floor, group.bits, own);
  return own;
}

/** x as the sender rounds it, modulo 2^(ringBits - coarse), to nearest with halves up; taken. */
function roundedUp(x: BigUint64Array, ringBits: number, { coarse }: Group): BigUint64Array {
  const rounded = takeWords(x.length);
  kernels.ringShiftRight(x, ringBits, coarse, ROUNDING.nearest, ringBits - coarse, rounded);
  return rounded;
}

/** -factor modulo 2^ringBits */
const minus = (factor: bigint, ringBits: number): bigint => BigInt.asUintN(ringBits, -factor);

/** -x modulo 2^ringBits; taken */
function negated(x: BigUint64Array, ringBits: number): BigUint64Array {
  const out = takeWords(x.length);
  kernels.ringScale(x, minus(1n, ringBits), ringBits, out);
  return out;
}

/** Bits that do not count where both round their shares of x: a bit less, for errors as small as one rounding makes. */
export const droppedOfShares = (dropped: number): number => Math.max(0, dropped - 1);

/** What both parties know of a run. */
export function cutProductJob(plan: ProductPlan, dropped: number): CotJob {
  const groups = groupsOf(plan, dropped);
  if (groups.length === 1) return productJob(plan);
  const summed = (bytes: (job: CotJob) => number, items: number): number =>
    groups.reduce((sum, group) => sum + bytes(productJob({ ...group, items })), 0);
  return {
    items: plan.items,
    cotsPerItem: plan.bits,
    messageBytes: (items) => summed((job) => job.messageBytes(items), items),
    correctionBytes: (items) => summed((job) => correctionBytesOf(job, items), items),
  };
}

/** What one group has of some items: COTs, and bytes of both messages. */
interface Place {
  readonly group: Group;
  readonly cots: readonly [begin: number, end: number];
  readonly corrections: readonly [begin: number, end: number];
  readonly message: readonly [begin: number, end: number];
}

abstract class CutHalf implements CotJob {
  readonly items: number;
  readonly cotsPerItem: number;
  readonly messageBytes: (items: number) => number;
  readonly correctionBytes: (items: number) => number;
  /** This party's share, [items, width]: taken, and its user's to give back. */
  readonly share: BigUint64Array;
  protected readonly groups: readonly Group[];

  constructor(
    readonly plan: ProductPlan,
    dropped: number,
  ) {
    const job = cutProductJob(plan, dropped);
    this.items = job.items;
    this.cotsPerItem = job.cotsPerItem;
    this.messageBytes = job.messageBytes;
    this.correctionBytes = (items) => correctionBytesOf(job, items);
    this.share = takeWords(plan.items * plan.width).fill(0n);
    this.groups = groupsOf(plan, dropped);
  }

  /** One behind the other. */
  protected places(items: number): Place[] {
    let [cots, corrections, message] = [0, 0, 0];
    return this.groups.map((group) => {
      const job = productJob({ ...group, items });
      const begin = [cots, corrections, message] as const;
      cots += items * group.bits;
      corrections += correctionBytesOf(job, items);
      message += job.messageBytes(items);
      return {
        group,
        cots: [begin[0], cots],
        corrections: [begin[1], corrections],
        message: [begin[2], message],
      };
    });
  }

  /** A group's part of the shares of items from `begin` on; taken here. */
  protected add({ from, coarse }: Group, part: BigUint64Array, begin: number): void {
    const { width, ringBits } = this.plan;
    const whole = this.share.subarray(begin * width, begin * width + part.length);
    kernels.ringAddScaled(part, 1n << BigInt(from + coarse), ringBits, whole);
    giveBack(part);
  }
}

class CutProductSender extends CutHalf implements SenderJob {
  constructor(
    plan: ProductPlan,
    dropped: number,
    readonly x: BigUint64Array,
    readonly top: BigUint64Array = x,
  ) {
    super(plan, dropped);
  }

  answer(
    { delta, blocks, tweak, suite }: SenderCots,
    corrections: Uint8Array,
    begin: number,
    end: number,
  ): Uint8Array {
    const { width, ringBits } = this.plan;
    const items = end - begin;
    const [x, top] = [this.x, this.top].map((words) => words.subarray(begin * width, end * width)) as [
      BigUint64Array,
      BigUint64Array,
    ];
    const message = takeBytes(this.messageBytes(items));
    for (const { group, ...place } of this.places(items)) {
      const rounded = group.coarse > 0 ? roundedUp(x, ringBits, group) : null;
      const job = new ProductSender({ ...group, items }, rounded ?? x, rounded ?? top);
      const own = blocks.subarray(place.cots[0] * BLOCK_BYTES, place.cots[1] * BLOCK_BYTES);
      const cots = { delta, blocks: own, tweak: tweak + place.cots[0], suite };
      const part = job.answer(cots, corrections.subarray(...place.corrections), 0, items);
      message.set(part, place.message[0]);
      this.add(group, job.share, begin);
      giveBack(rounded, part);
    }
    return message;
  }
}

class CutProductReceiver extends CutHalf implements ReceiverJob {
  constructor(
    plan: ProductPlan,
    dropped: number,
    readonly y: BigUint64Array,
  ) {
    super(plan, dropped);
  }

  begin({ blocks, tweak, suite, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    const corrections = new Uint8Array(this.correctionBytes(end - begin));
    this.#each(begin, end, (job, { cots: [from, to], corrections: at }) => {
      const own = blocks.subarray(from * BLOCK_BYTES, to * BLOCK_BYTES);
      const cots = { blocks: own, tweak: tweak + from, suite, choices: choices.subarray(from, to) };
      corrections.set(job.begin(cots, 0, end - begin), at[0]);
    });
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    this.#each(begin, end, (job, place) => {
      job.share.fill(0n);
      job.finish(message.subarray(...place.message), 0, end - begin);
    });
  }

  /** What pads and the message add to shares is added apart: nothing is kept between them. */
  #each(begin: number, end: number, body: (job: ProductReceiver, place: Place) => void): void {
    for (const place of this.places(end - begin)) {
      const { group } = place;
      const y = bitsOfGroup(this.y.subarray(begin, end), this.plan, group);
      const job = new ProductReceiver({ ...group, items: end - begin }, y);
      body(job, place);
      this.add(group, job.share, begin);
      giveBack(y);
    }
  }
}

/** A sender's half, of which `dropped` low bits do not count. */
export const productSender = (
  plan: ProductPlan,
  dropped: number,
  x: BigUint64Array,
  top?: BigUint64Array,
): ProductSender | CutProductSender =>
  groupsOf(plan, dropped).length === 1
    ? new ProductSender(plan, x, top)
    : new CutProductSender(plan, dropped, x, top);

/** A receiver's half, likewise. */
export const productReceiver = (
  plan: ProductPlan,
  dropped: number,
  y: BigUint64Array,
): ProductReceiver | CutProductReceiver =>
  groupsOf(plan, dropped).length === 1
    ? new ProductReceiver(plan, y)
    : new CutProductReceiver(plan, dropped, y);

/**
 * The receiver's own y[i] · x[i, :] modulo 2^ringBits, with what the sender's half leaves out left out as well; taken. y [items], x [items, width]:
 * its share of what the sender multiplies.
 */
export function ownProduct(
  plan: ProductPlan,
  dropped: number,
  y: BigUint64Array,
  x: BigUint64Array,
): BigUint64Array {
  const { ringBits } = plan;
  const groups = groupsOf(plan, dropped);
  if (groups.length === 1) return plainProduct(plan, y, x);
  const share = takeWords(x.length).fill(0n);
  const turned = negated(x, ringBits);
  for (const group of groups) {
    const factors = bitsOfGroup(y, plan, group);
    const own = group.coarse > 0 ? roundedUp(turned, ringBits, group) : turned;
    const part = plainProduct(group, factors, own);
    kernels.ringAddScaled(part, minus(1n << BigInt(group.from + group.coarse), ringBits), ringBits, share);
    giveBack(factors, part);
    if (own !== turned) giveBack(own);
  }
  giveBack(turned);
  return share;
}

/** y[i] · x[i, :]; taken */
function plainProduct(
  { bits, ringBits, width, signed }: Omit<ProductPlan, 'items'>,
  y: BigUint64Array,
  x: BigUint64Array,
): BigUint64Array {
  const [product, factors] = [takeWords(x.length), signed ? takeWords(y.length) : y];
  if (signed) kernels.ringSignExtend(y, bits, ringBits, factors);
  if (width === 1) kernels.ringMultiply(x, factors, ringBits, product);
  else kernels.ringMultiplyRows(x, factors, ringBits, product);
  if (signed) giveBack(factors);
  return product;
}

/** Takes half of the receiver's low bits off its share [items]: where it has no share of x itself. */
export function withoutBias(
  plan: ProductPlan,
  dropped: number,
  y: BigUint64Array,
  share: BigUint64Array,
): void {
  const coarseBits = coarseBitsOf(groupsOf(plan, dropped));
  if (coarseBits === 0) return;
  const halves = takeWords(y.length);
  kernels.ringShiftRight(y, coarseBits, 1, ROUNDING.floor, coarseBits - 1, halves);
  kernels.ringAddScaled(halves, minus(1n, plan.ringBits), plan.ringBits, share);
  giveBack(halves);
}
