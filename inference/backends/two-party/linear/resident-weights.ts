/**
 * Weights that stay at the client, encrypted under a key of the server's (crypto/resident): which of a model's, and products
 * with them. The client sends its share times the weight plus a random mask, re-randomized and flooded; the server's
 * share is what it decrypts, the client's the mask taken back. One message, from the client, in pieces: the server decrypts while the
 * client computes.
 */
import { kernels } from '#kernels';
import { isCheaper, layoutToStay, type ResidentLayout } from '../../../crypto/resident/resident-layout.js';
import { residentPreset, type ResidentParameters } from '../../../crypto/resident/parameters.js';
import { sendPieces } from '../../../crypto/pieces.js';
import {
  decryptResident,
  multiplyResident,
  productPieces,
  type WeightSeeds,
} from '../../../crypto/resident/resident-product.js';
import type { Layouts, PackedLayout } from '../../../crypto/rlwe/packed-layout.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import { posted } from '../exchange/in-turn.js';
import type { RowShares } from './linear-protocols.js';
import type { PreparedWeight } from './prepared-weight.js';
import { uniformWords } from './product-session.js';

/** What a party has of one weight. */
export type HeldWeight =
  | { readonly party: 'client'; readonly publicSeed: Uint8Array; readonly blocks: Uint8Array }
  | ({ readonly party: 'server' } & WeightSeeds);

/** A weight that can stay. */
export interface ResidentWeight {
  readonly weight: PreparedWeight;
  readonly layout: ResidentLayout;
  /** Null until it was transferred. */
  held: HeldWeight | null;
}

/** What a product takes. */
export interface HeldProduct {
  readonly layout: ResidentLayout;
  readonly held: HeldWeight;
}

export interface ResidentOptions {
  /** Of rows: products in other rings take ciphertexts of rows. */
  readonly ringBits: number;
  readonly threads: number;
  /** Of rows that travel as ciphertexts. */
  readonly layouts: Layouts;
  readonly parameters?: ResidentParameters;
}

export class ResidentWeights {
  readonly threads: number;
  readonly #ringBits: number;
  readonly #layouts: Layouts;
  readonly #parameters: ResidentParameters;
  readonly #weights: ResidentWeight[] = [];

  constructor({ ringBits, threads, layouts, parameters = residentPreset }: ResidentOptions) {
    this.threads = threads;
    this.#ringBits = ringBits;
    this.#layouts = layouts;
    this.#parameters = parameters;
  }

  /** In the order of preparation, which is the same at both parties. */
  register(weight: PreparedWeight): void {
    const { inputs, outputs } = weight;
    const layout = layoutToStay(this.#parameters, { inputs, outputs, ringBits: this.#ringBits });
    if (layout) this.#weights.push({ weight, layout, held: null });
  }

  get weights(): readonly ResidentWeight[] {
    return this.#weights;
  }

  /** All of them, in their order: after the transfer, between the same products at both parties. */
  hold(held: readonly HeldWeight[]): void {
    this.#weights.forEach((weight, index) => {
      weight.held = held[index]!;
    });
  }

  /** Null where rows travel as ciphertexts, laid out so: there are no others here, or that is cheaper. */
  forProduct(weight: PreparedWeight, packed: PackedLayout): HeldProduct | null {
    const found = this.#weights.find((one) => one.weight === weight);
    if (!found?.held || packed.ringBits !== this.#ringBits) return null;
    return isCheaper(found.layout, packed, this.#layouts.cost)
      ? { layout: found.layout, held: found.held }
      : null;
  }

  /** Shares of x1·W [rows, outputs], x1 the client's share: what the mask leaves at the client, what is decrypted at the server. */
  async multiply(
    party: Pick<PartyContext, 'session' | 'steps'>,
    { layout, held }: HeldProduct,
    x: RowShares,
  ): Promise<BigUint64Array> {
    const { channel, random } = party.session;
    const { threads } = this;
    if (held.party === 'client') {
      const mask = uniformWords(random, x.rows * layout.outputs, layout.ringBits);
      await runStep(party, {
        begin: () => multiplyResident(layout, held, x.data, mask, random, threads, sendPieces(channel)),
      });
      kernels.ringNegate(mask, layout.ringBits, mask);
      return mask;
    }
    let pieces: readonly Promise<Uint8Array>[] = [];
    let share: BigUint64Array = new BigUint64Array(0);
    await runStep(party, {
      async begin() {
        pieces = productPieces(layout, x.rows).map(({ byteLength }) => posted(channel.receive(byteLength)));
      },
      async answer() {
        ({ share } = await decryptResident(layout, held.secretSeed, x.rows, pieces, threads));
      },
    });
    return share;
  }
}
