/**
 * Additive shares of y[i] · x[i, :], where the sender knows x and the receiver y (Gilboa, CRYPTO 1999): one COT for each
 * bit of y, whose payload is a row of x at the ringBits - b bits that bit b can still reach.
 *
 * Cost per item of B bits and width w: B COTs, B bits one way, w · Σ_b (ringBits - b) bits back.
 */
import { kernels } from '#kernels';
import { takeBytes, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import type { CotJob, ReceiverJob, SenderJob } from '../exchange/cot-exchange.js';

export interface ProductPlan {
  readonly items: number;
  /** Bits of a multiplier y[i], at most ringBits. */
  readonly bits: number;
  readonly ringBits: number;
  /** Values per item. */
  readonly width: number;
  /** The top bit of a multiplier counts negative. */
  readonly signed: boolean;
  /** So many of the product's lowest bits do not count (cut-product.ts); 0 unless given. */
  readonly dropped?: number;
  /** Multipliers are what the COTs chose. */
  readonly choosesAtRandom?: boolean;
}

/** A bit for each item, which chooses a payload of `width` numbers. */
export const bitPlan = (items: number, ringBits: number, width = 1): ProductPlan => ({
  items,
  bits: 1,
  ringBits,
  width,
  signed: false,
});

/** What both parties know of a run. */
export const productJob = (plan: ProductPlan): CotJob => ({
  items: plan.items,
  cotsPerItem: plan.bits,
  choosesAtRandom: plan.choosesAtRandom,
  messageBytes: (items) => kernels.cotProductMessageBytes({ ...plan, items }),
});

abstract class ProductHalf implements CotJob {
  readonly items: number;
  readonly cotsPerItem: number;
  readonly choosesAtRandom: boolean | undefined;
  readonly messageBytes: (items: number) => number;
  /** This party's share, [items, width]: taken, and its user's to give back. */
  readonly share: BigUint64Array;

  constructor(readonly plan: ProductPlan) {
    ({
      items: this.items,
      cotsPerItem: this.cotsPerItem,
      choosesAtRandom: this.choosesAtRandom,
      messageBytes: this.messageBytes,
    } = productJob(plan));
    this.share = takeWords(plan.items * plan.width);
  }
}

export class ProductSender extends ProductHalf implements SenderJob {
  /** x [items, width]; top likewise: what the top bit of a multiplier multiplies in place of x */
  constructor(
    plan: ProductPlan,
    readonly x: BigUint64Array,
    readonly top: BigUint64Array = x,
  ) {
    super(plan);
  }

  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const { width } = this.plan;
    const message = takeBytes(this.messageBytes(end - begin)).fill(0);
    kernels.cotProductSend({
      ...this.plan,
      delta: cots.delta,
      blocks: cots.blocks,
      tweak: cots.tweak,
      suite: cots.suite,
      corrections,
      x: this.x.subarray(begin * width, end * width),
      top: this.top.subarray(begin * width, end * width),
      share: this.share.subarray(begin * width, end * width),
      message,
    });
    return message;
  }
}

export class ProductReceiver extends ProductHalf implements ReceiverJob {
  /** y [items]: what is multiplied by, or where it goes if the COTs choose it */
  constructor(
    plan: ProductPlan,
    readonly y: BigUint64Array,
  ) {
    super(plan);
  }

  begin({ blocks, tweak, suite, choices }: ReceiverCots, begin: number, end: number): Uint8Array {
    const { width } = this.plan;
    const corrections = new Uint8Array(this.choosesAtRandom ? 0 : Math.ceil(choices.length / 8));
    kernels.cotProductBegin({
      ...this.plan,
      blocks,
      tweak,
      suite,
      random: choices,
      y: this.y.subarray(begin, end),
      share: this.share.subarray(begin * width, end * width),
      corrections,
    });
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    const { width } = this.plan;
    kernels.cotProductFinish({
      ...this.plan,
      y: this.y.subarray(begin, end),
      message,
      share: this.share.subarray(begin * width, end * width),
    });
  }
}
