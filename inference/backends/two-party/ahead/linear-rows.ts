/**
 * Linear layers ahead of time (MiniONN, CCS 2017, and Delphi, USENIX Security 2020, section 4: the client's layer input is
 * masked by a random r whose product with the weights was shared before). For each row of a weight the client holds a
 * random r, and both hold additive shares of r·W. Online the client sends its share of x minus r, which is uniform; the
 * server multiplies the opened x - r in the clear. Nothing comes back.
 *
 * Rows are alike, so how many a layer takes may depend on what was pruned; those left over serve the next text. They are made
 * in batches as tall as memory allows, where ciphertexts are full and key switches few.
 */
import { kernels, kernelThreads } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack } from '../../../core/words.js';
import type { PartyContext } from '../context/party-context.js';
import type { RowProducts, RowShares } from '../linear/linear-protocols.js';
import { type PreparedWeight, plainProduct } from '../linear/prepared-weight.js';
import { uniformWords } from '../linear/product-session.js';
import type { Use } from '../../../material/correlation.js';
import { PackedStore } from './packed-store.js';
import { receiveWords, sendDifference } from './packed-words.js';

/** Wider weights (a secret word table) stay on demand: their rows would fill the memory. */
const MOST_INPUTS = 8192;
/** Words of a batch while it is made, inputs and outputs. */
export const BATCH_WORDS = 1 << 23;

/** Of a layer's rows; where fewer are left, all of them go on demand. */
const LEAST_PART = 3 / 4;

/** A product of so many full rows is one by itself where some more, up to so many times as many, would double its ciphertexts. */
const LEAST_FULL = 64;
const MOST_OVER = 1.5;

/** Of so many rows, those of the next product: ciphertexts have room for a power of two. */
function rowsAtOnce(rows: number): number {
  const full = 2 ** Math.floor(Math.log2(rows));
  return full >= LEAST_FULL && rows <= MOST_OVER * full ? full : rows;
}

export const hasRows = ({ inputs }: { readonly inputs: number }): boolean => inputs <= MOST_INPUTS;

export const linearUse = (weight: number, rows: number, ringBits: number): Use => [
  [{ kind: 'linear', weight, ringBits }, rows],
];

/** Rows for one weight in one ring. */
export class RowPool {
  /** r [inputs] (at the client) and this party's share of r·W [outputs]; to be kept over connections. */
  readonly store: PackedStore;
  readonly #isClient: boolean;

  constructor(
    private readonly party: PartyContext,
    private readonly products: RowProducts,
    private readonly weight: PreparedWeight,
    private readonly ringBits: number,
  ) {
    this.#isClient = party.session.self === 'client';
    this.store = new PackedStore([
      { width: weight.inputs, bits: this.#isClient ? ringBits : 0 },
      { width: weight.outputs, bits: ringBits },
    ]);
  }

  async fill(rows: number): Promise<void> {
    const { inputs, outputs } = this.weight;
    const most = this.products.mostRows(this.weight, this.ringBits);
    const batch = Math.min(most, 2 ** Math.floor(Math.log2(BATCH_WORDS / (inputs + outputs))));
    while (this.store.available < rows)
      await this.#make(Math.min(batch, rowsAtOnce(rows - this.store.available)));
  }

  readonly #make = protocol('linear rows ahead', async (rows: number): Promise<void> => {
    const { ringBits, weight } = this;
    const r = this.#isClient
      ? uniformWords(this.party.session.random, rows * weight.inputs, ringBits)
      : new BigUint64Array(0);
    const outputs = await this.products.multiply({ rows, ringBits, data: r }, weight);
    this.store.add(rows, [r, outputs]);
  });

  /** How many of a layer's rows are there: all, or nearly all, or none, since each of two parts costs its rounds. */
  usable(rows: number): number {
    const { available } = this.store;
    return available < LEAST_PART * rows ? 0 : Math.min(rows, available);
  }

  /** A share of x·W + b = (x - r)·W + r·W + b, x - r opened to the server; as many rows are used up. */
  readonly linear = protocol(
    'linear ahead',
    async (x: RowShares, fractionBits: number): Promise<BigUint64Array> => {
      const { channel } = this.party.session;
      const { rows, ringBits } = x;
      const [r, outputs] = this.store.take(rows) as [BigUint64Array, BigUint64Array];
      if (this.#isClient) {
        sendDifference(channel, x.data, r, ringBits);
        giveBack(r);
        return outputs;
      }
      const masked = await receiveWords(channel, x.data.length, ringBits);
      kernels.ringAdd(masked, x.data, ringBits, masked);
      // The client waits for what comes of it.
      const share = plainProduct({ data: masked, rows, ringBits }, this.weight, fractionBits, kernelThreads);
      kernels.ringAdd(share, outputs, ringBits, share);
      giveBack(masked, outputs);
      return share;
    },
  );
}
