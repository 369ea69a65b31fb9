/**
 * Linear layers ahead of time (MiniONN, CCS 2017, and Delphi, USENIX Security 2020, section 4: the client's layer input is
 * masked by a random r whose product with the weights was shared before). For each row of a weight the client holds a
 * random r, and both hold additive shares of r·W. Online the client sends its share of x minus r, which is uniform; the
 * server multiplies the opened x - r in the clear. Nothing comes back.
 *
 * Rows are alike, so how many a layer takes may depend on what was pruned; those left over serve the next text. They are made
 * in batches as tall as memory allows, where ciphertexts are full and key switches few.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { Weight } from '../../backend.js';
import { privateProduct } from '../linear/encrypted-product.js';
import type { RowShares } from '../linear/linear-protocols.js';
import { type PreparedWeight, plainProduct, preparedWeight } from '../linear/prepared-weight.js';
import { type ProductSession, uniformWords } from '../linear/product-session.js';
import { PackedStore } from './packed-store.js';

/** The ring that rows live in: linear layers rest in it. Their low bits serve smaller rings. */
const RING_BITS = 37;
/** Wider weights (a secret word table) stay on demand: their rows would fill the memory. */
const MOST_INPUTS = 8192;
/** Words of a batch while it is made, inputs and outputs. */
export const BATCH_WORDS = 1 << 23;

/** Of a layer's rows; where fewer are left, all of them go on demand. */
const LEAST_PART = 3 / 4;

interface WeightRows {
  readonly weight: PreparedWeight;
  /** r [inputs] (at the client) and this party's share of r·W [outputs]. */
  readonly store: PackedStore;
}

/** x·W = (x - r)·W + r·W, x - r opened to the server. */
const linearAhead = protocol(
  'linear ahead',
  async (
    { session: { channel }, role }: ProductSession,
    [r, outputs]: readonly [BigUint64Array, BigUint64Array],
    x: RowShares,
    w: PreparedWeight,
    fractionBits: number,
  ): Promise<BigUint64Array> => {
    const { rows, ringBits } = x;
    const packed = new Uint8Array(Math.ceil((x.data.length * ringBits) / 8));
    kernels.ringMask(outputs, ringBits, outputs);
    if (role.party === 'client') {
      kernels.ringMask(r, ringBits, r);
      kernels.ringSubtract(x.data, r, ringBits, r);
      kernels.ringPack(r, ringBits, packed);
      channel.send(packed);
      return outputs;
    }
    const masked = new BigUint64Array(x.data.length);
    kernels.ringUnpack(await channel.receive(packed.length), ringBits, masked);
    kernels.ringAdd(masked, x.data, ringBits, masked);
    const share = plainProduct({ data: masked, rows, ringBits }, w, fractionBits);
    kernels.ringAdd(share, outputs, ringBits, share);
    return share;
  },
);

/** Rows of all weights of a connection. */
export class RowsAhead {
  readonly #weights: WeightRows[] = [];

  constructor(private readonly products: ProductSession) {}

  /** → its index: weights count in the order in which they were prepared. */
  register(weight: PreparedWeight): number {
    const isClient = this.products.role.party === 'client';
    const fields = [
      { width: weight.inputs, bits: isClient ? RING_BITS : 0 },
      { width: weight.outputs, bits: RING_BITS },
    ];
    this.#weights.push({ weight, store: new PackedStore(fields) });
    return this.#weights.length - 1;
  }

  indexOf(w: Weight): number {
    const prepared = preparedWeight(w);
    return this.#weights.findIndex(({ weight }) => weight === prepared);
  }

  /** Can rows be made for it? */
  accepts(index: number): boolean {
    const made = this.#weights[index];
    return made !== undefined && made.weight.inputs <= MOST_INPUTS;
  }

  /** Its extents; null where no rows can be made. */
  weight(index: number): Pick<PreparedWeight, 'inputs' | 'outputs'> | null {
    return this.accepts(index) ? this.#weights[index]!.weight : null;
  }

  /** Rows for one weight; null where none can be made. */
  pool(index: number) {
    if (!this.accepts(index)) return null;
    const { store } = this.#weights[index]!;
    return {
      store,
      available: store.available,
      bytesPerItem: store.bytesPerItem,
      fill: (rows: number) => this.fill(index, rows),
    };
  }

  /** Makes what is missing to `rows`. */
  async fill(index: number, rows: number): Promise<void> {
    if (!this.accepts(index)) return;
    const { weight, store } = this.#weights[index]!;
    const { inputs, outputs, weightBits, normBits } = weight;
    const { n } = this.products.layoutOf({
      batch: 1,
      rows: 1,
      ringBits: RING_BITS,
      inputs,
      outputs,
      weightBits,
      normBits,
    });
    const batch = Math.min(n, 2 ** Math.floor(Math.log2(BATCH_WORDS / (inputs + outputs))));
    while (store.available < rows) await this.#make(weight, store, Math.min(batch, rows - store.available));
  }

  readonly #make = protocol(
    'linear rows ahead',
    async (weight: PreparedWeight, store: PackedStore, rows: number): Promise<void> => {
      const { role, session } = this.products;
      const r =
        role.party === 'client'
          ? uniformWords(session.random, rows * weight.inputs, RING_BITS)
          : new BigUint64Array(0);
      const outputs = await privateProduct(this.products, { rows, ringBits: RING_BITS, data: r }, weight);
      store.add(rows, [r, outputs]);
    },
  );

  /** How many rows of x [rows, inputs] are there: all, or nearly all, or none, since each of two parts costs its rounds. */
  usable({ rows, ringBits }: RowShares, weight: PreparedWeight): number {
    const available = this.#storeOf(weight)?.available ?? 0;
    if (ringBits > RING_BITS || available < LEAST_PART * rows) return 0;
    return Math.min(rows, available);
  }

  /** A share of x·W + b from rows made ahead, of which there must be enough. */
  linear(x: RowShares, weight: PreparedWeight, fractionBits: number): Promise<BigUint64Array> {
    const [r, outputs] = this.#storeOf(weight)!.take(x.rows) as [BigUint64Array, BigUint64Array];
    return linearAhead(this.products, [r, outputs], x, weight, fractionBits);
  }

  #storeOf(weight: PreparedWeight): PackedStore | undefined {
    return this.#weights.find((made) => made.weight === weight)?.store;
  }
}
