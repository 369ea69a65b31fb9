/** What squares into a larger ring are made of (mixed-squares.ts): one window of exchanges in both directions. */
import { kernels } from '#kernels';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { SenderCots } from '../../../crypto/ot/cot.js';
import type { SquareCorrelation } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import { exchange, type SenderJob } from '../exchange/cot-exchange.js';
import { joinedReceiver, joinedSender } from '../exchange/joined-jobs.js';
import { uniformWords } from '../linear/product-session.js';
import {
  bitPlan,
  productJob,
  type ProductPlan,
  ProductReceiver,
  ProductSender,
} from '../products/cot-product.js';
import { negatedWhere } from '../products/narrow-product.js';
import { type MixedRings, mixedRings } from './mixed-squares.js';
import { sideBySide } from './unit-vectors.js';

const NONE = new BigUint64Array(0);

/** A sender whose numbers are known when it answers: when all COTs of its own window have chosen. */
class LateSender implements SenderJob {
  readonly items: number;
  readonly cotsPerItem: number;
  readonly choosesAtRandom: boolean | undefined;
  readonly messageBytes: (items: number) => number;
  #sender: ProductSender | null = null;

  constructor(
    private readonly plan: ProductPlan,
    private readonly numbers: () => BigUint64Array,
  ) {
    ({
      items: this.items,
      cotsPerItem: this.cotsPerItem,
      choosesAtRandom: this.choosesAtRandom,
      messageBytes: this.messageBytes,
    } = productJob(plan));
  }

  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    this.#sender ??= new ProductSender(this.plan, this.numbers());
    return this.#sender.answer(cots, corrections, begin, end);
  }

  get share(): BigUint64Array {
    return this.#sender!.share;
  }
}

const random = (plan: ProductPlan): ProductPlan => ({ ...plan, choosesAtRandom: true });

/** Whole bytes of choices, so that jobs can be joined. */
const plansOf = (items: number, { bits }: SquareCorrelation, { cross, top, wrap }: MixedRings) => ({
  low: random({ items, bits: bits - 1, ringBits: cross, width: 1, signed: false }),
  top: random(bitPlan(items, top)),
  ofTop: random(bitPlan(items, wrap, 2)),
  ofWrap: random(bitPlan(items, wrap)),
});

/** x [n], bits [n] as numbers → -x where the bit is 0, else 0 */
function negatedUnless(bits: BigUint64Array, x: BigUint64Array, ringBits: number): BigUint64Array {
  const flags = takeBytes(x.length);
  kernels.ringSignBit(bits, 1, flags);
  kernels.bitsNot(flags, flags);
  const out = takeWords(x.length);
  kernels.ringSelect(flags, x, out);
  kernels.ringScale(out, -1n, ringBits, out);
  giveBack(flags);
  return out;
}

/** Of one window at most → the fields of so many items. */
export async function makeMixed(
  party: PartyContext,
  correlation: SquareCorrelation,
  items: number,
  isFirst: boolean,
): Promise<BigUint64Array[]> {
  const padded = 8 * Math.ceil(items / 8);
  const rings = mixedRings(correlation);
  const plans = plansOf(padded, correlation, rings);
  const made = isFirst
    ? await makeFirst(party, correlation, plans, rings, padded)
    : await makeSecond(party, correlation, plans, rings, padded);
  return made.map((field) => field.subarray(0, Math.min(items, field.length)));
}

type Plans = ReturnType<typeof plansOf>;

/** [n, 2] → its columns, parts of one array; x is given back. */
function columnsOf(x: BigUint64Array, n: number): readonly [BigUint64Array, BigUint64Array] {
  const columns = takeWords(x.length);
  kernels.ringPermute(x, Uint32Array.of(n, 2), Uint32Array.of(1, 0), columns);
  giveBack(x);
  return [columns.subarray(0, n), columns.subarray(n)];
}

/** The share of t_a·(1 - 2u), of that of u·t_a and of t_a [n], or of 0 at the party that does not know it. */
function topShare(
  product: BigUint64Array,
  topBits: BigUint64Array | null,
  n: number,
  ring: number,
): BigUint64Array {
  const share = topBits ? topBits.slice() : new BigUint64Array(n);
  kernels.ringMask(share, ring, share);
  if (product.length > 0) kernels.ringAddScaled(product, -2n, ring, share);
  return share;
}

async function makeFirst(
  party: PartyContext,
  { bits }: SquareCorrelation,
  plans: Plans,
  { top, wrap }: MixedRings,
  n: number,
): Promise<BigUint64Array[]> {
  const [low, topBits] = [takeWords(n), takeWords(n)];
  const [ofLow, ofTopBit] = [new ProductReceiver(plans.low, low), new ProductReceiver(plans.top, topBits)];
  const negative = (): BigUint64Array => {
    const out = takeWords(n);
    kernels.ringScale(low, -1n, wrap, out);
    return out;
  };
  // t_a·a - low is 0 where t_a is set: its top bit is beyond the ring.
  const both = () => sideBySide(negatedUnless(topBits, low, wrap), topBits.slice(), n);
  const selected = wrap > 0 ? new LateSender(plans.ofTop, both) : null;
  const wrapped = wrap > 0 ? new LateSender(plans.ofWrap, negative) : null;
  const sending = selected && wrapped ? joinedSender(selected, wrapped) : null;
  await exchange(party, sending, joinedReceiver(ofLow, ofTopBit));
  const [ofTop, product] = selected ? columnsOf(selected.share, n) : [NONE, NONE];
  const a = takeWords(n);
  a.set(low);
  kernels.ringAddScaled(topBits, 1n << BigInt(bits - 1), bits, a);
  return [a, ofLow.share, ofTopBit.share, topShare(product, topBits, n, top), ofTop, wrapped?.share ?? NONE];
}

async function makeSecond(
  party: PartyContext,
  { bits }: SquareCorrelation,
  plans: Plans,
  { top, wrap }: MixedRings,
  n: number,
): Promise<BigUint64Array[]> {
  const rho = uniformWords(party.session.random, n, bits);
  const [u, v] = [takeWords(wrap > 0 ? n : 0), takeWords(wrap > 0 ? n : 0)];
  const ofLow = new ProductSender(plans.low, rho);
  const ofTopBit = new LateSender(plans.top, () => {
    if (wrap === 0) return rho;
    const flags = takeBytes(n);
    kernels.ringSignBit(u, 1, flags);
    const signed = negatedWhere(flags, rho, top);
    giveBack(flags);
    return signed;
  });
  const selected = wrap > 0 ? new ProductReceiver(plans.ofTop, u) : null;
  const wrapped = wrap > 0 ? new ProductReceiver(plans.ofWrap, v) : null;
  const receiving = selected && wrapped ? joinedReceiver(selected, wrapped) : null;
  await exchange(party, joinedSender(ofLow, ofTopBit), receiving);
  const [ofTop, product] = selected ? columnsOf(selected.share, n) : [NONE, NONE];
  return [
    rho,
    u,
    v,
    ofLow.share,
    ofTopBit.share,
    topShare(product, null, n, top),
    ofTop,
    wrapped?.share ?? NONE,
  ];
}
