/**
 * e^x by E(s + h) · e^l (backends/exponential.ts): a table that the sender turned by its share, read by the receiver, and the sender's
 * share of what was read times the receiver's e^l. The sender chooses that share itself, so both leave together.
 *
 * Cost for m bits in front of the point of x and f fraction bits of the result: m + f + 4 COTs and as many bits one way,
 * (2^(m - 2) - 1)(2f + 8) + Σ_(b < f + 6) (2f + 8 - b) bits back, of the sum some 90 less for what is cut off (cut-product.ts): 452 bits, 19 COTs for
 * m = 5, f = 10.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import { ROUNDING } from '../../local-backend.js';
import { type Exponent, exponentialPlan, exponentialTables } from '../../exponential.js';
import type { PartyContext } from '../context/party-context.js';
import { type CotJob, exchange } from '../exchange/cot-exchange.js';
import { joinedJob, joinedReceiver, joinedSender } from '../exchange/joined-jobs.js';
import { type ProductPlan, ProductReceiver, ProductSender, productJob } from './cot-product.js';
import { ownProduct } from './cut-product.js';
import { type LookUpPlan, LookUpReceiver, LookUpSender, lookUpJob } from './look-up.js';

/** Corrections of each part are whole bytes. */
const wholeBytes = (items: number): number => 8 * Math.ceil(items / 8);

function plansOf(count: number, exponent: Exponent, fractionBits: number) {
  const {
    indexBits,
    factorBits: bits,
    productBits: ringBits,
    dropped,
  } = exponentialPlan(exponent, fractionBits);
  const items = wholeBytes(count);
  const reading: LookUpPlan = { items, indexBits, ringBits };
  const product: ProductPlan = { items, bits, ringBits, width: 1, signed: false, dropped };
  return { reading, product };
}

/** What both parties know of a run. */
export function exponentialJob(count: number, exponent: Exponent, fractionBits: number): CotJob {
  const { reading, product } = plansOf(count, exponent, fractionBits);
  return joinedJob(lookUpJob(reading), productJob(product));
}

/** x [n] → e^x [n] modulo 2^productBits, taken */
export const exponential = protocol(
  'exponential',
  async (
    party: PartyContext,
    x: BigUint64Array,
    exponent: Exponent,
    fractionBits: number,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    const { reading, product } = plansOf(x.length, exponent, fractionBits);
    const { entries, factors } = exponentialTables(exponent, fractionBits);
    const own = takeWords(reading.items);
    own.set(x);
    own.fill(0n, x.length);
    if (receiver !== party.session.self) {
      const read = new LookUpSender(reading, own, entries);
      const multiplied = new ProductSender(product, read.share);
      await exchange(party, joinedSender(read, multiplied), null);
      giveBack(own, read.share);
      return multiplied.share.subarray(0, x.length);
    }
    const { lowBits, indexBits } = exponentialPlan(exponent, fractionBits);
    const [high, factor] = [takeWords(own.length), takeWords(own.length)];
    kernels.ringShiftRight(own, exponent.ringBits, lowBits, ROUNDING.floor, indexBits, high);
    kernels.lookUpPlain({ table: factors, x: own, out: factor });
    const read = new LookUpReceiver(reading, high);
    const multiplied = new ProductReceiver(product, factor);
    await exchange(party, null, joinedReceiver(read, multiplied));
    const result = ownProduct(product, factor, read.share);
    kernels.ringAdd(result, multiplied.share, product.ringBits, result);
    giveBack(own, high, factor, read.share, multiplied.share);
    return result.subarray(0, x.length);
  },
);
