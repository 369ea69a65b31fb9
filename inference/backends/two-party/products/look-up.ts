/**
 * A public table at shared places: 1-of-2^m oblivious transfer. The sender turns the table by its share of the index and masks
 * every entry, the receiver opens the one at its own share (Dessouky et al., NDSS 2017; SiRNN, S&P 2021, section 3.1.3); the OT
 * is made of m COTs (Naor and Pinkas, STOC 1999). The first message is zero by the choice of the sender's share.
 *
 * Cost for m index bits and entries of k bits: m COTs, m bits one way, k (2^m - 1) bits back.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId, RingTensor } from '../../../core/tensors.js';
import { takeBytes, takeWords } from '../../../core/words.js';
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import type { PartyContext } from '../context/party-context.js';
import { type CotJob, oneWay, type ReceiverJob, type SenderJob } from '../exchange/cot-exchange.js';

export interface LookUpPlan {
  readonly items: number;
  readonly indexBits: number;
  readonly ringBits: number;
}

/** What both parties know of a run. */
export const lookUpJob = (plan: LookUpPlan): CotJob => ({
  items: plan.items,
  cotsPerItem: plan.indexBits,
  messageBytes: (items) => kernels.lookUpMessageBytes({ ...plan, items }),
});

abstract class LookUpHalf implements CotJob {
  readonly items: number;
  readonly cotsPerItem: number;
  readonly messageBytes: (items: number) => number;
  /** This party's share of the entries, [items]. */
  readonly share: BigUint64Array;

  /** x [items]: this party's share of the index */
  constructor(
    readonly plan: LookUpPlan,
    readonly x: BigUint64Array,
  ) {
    const { items, cotsPerItem, messageBytes } = lookUpJob(plan);
    this.items = items;
    this.cotsPerItem = cotsPerItem;
    this.messageBytes = messageBytes;
    this.share = takeWords(items);
  }
}

export class LookUpSender extends LookUpHalf implements SenderJob {
  constructor(
    plan: LookUpPlan,
    x: BigUint64Array,
    readonly table: BigUint64Array,
  ) {
    super(plan, x);
  }

  answer(cots: SenderCots, corrections: Uint8Array, begin: number, end: number): Uint8Array {
    const message = takeBytes(this.messageBytes(end - begin)).fill(0);
    const { indexBits, ringBits } = this.plan;
    const { delta, blocks, tweak, suite } = cots;
    const [x, share] = [this.x.subarray(begin, end), this.share.subarray(begin, end)];
    const { table } = this;
    kernels.lookUpSend({
      indexBits,
      ringBits,
      delta,
      blocks,
      tweak,
      suite,
      corrections,
      table,
      x,
      share,
      message,
    });
    return message;
  }
}

export class LookUpReceiver extends LookUpHalf implements ReceiverJob {
  begin({ blocks, tweak, suite, choices: random }: ReceiverCots, begin: number, end: number): Uint8Array {
    const corrections = new Uint8Array(Math.ceil(random.length / 8));
    const { indexBits, ringBits } = this.plan;
    const [x, share] = [this.x.subarray(begin, end), this.share.subarray(begin, end)];
    kernels.lookUpBegin({ indexBits, ringBits, blocks, tweak, suite, random, x, share, corrections });
    return corrections;
  }

  finish(message: Uint8Array, begin: number, end: number): void {
    const { indexBits, ringBits } = this.plan;
    const [x, share] = [this.x.subarray(begin, end), this.share.subarray(begin, end)];
    kernels.lookUpFinish({ indexBits, ringBits, x, message, share });
  }
}

/** x [n] modulo 2^indexBits, table [2^indexBits] → its entries [n] modulo the table's ring */
export const lookUp = protocol(
  'lookUp',
  async (
    party: PartyContext,
    x: BigUint64Array,
    indexBits: number,
    table: RingTensor,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    const plan = { items: x.length, indexBits, ringBits: table.ringBits };
    const { share } = await oneWay(party, receiver, {
      sender: () => new LookUpSender(plan, x, table.data),
      receiver: () => new LookUpReceiver(plan, x),
    });
    return share;
  },
);
