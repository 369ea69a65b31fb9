/**
 * Products of two shared matrices, x [batch, n, k] · y [batch, k, m]. With shares x0, y0 (server) and x1, y1 (client),
 * x·y = x0·y0 + x1·y1 + x1·y0 + x0·y1: the first two are local, each cross term is one party's encrypted share times the other's as
 * weights. Where keys went both ways each party encrypts in one term and multiplies in the other, both at the same time; else the client
 * encrypts in both. A term may be computed transposed, as x0·y1 is by y1ᵀ·x0ᵀ where y1 is encrypted. All of the batch and both terms
 * travel in one message each way.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeWords } from '../../../core/words.js';
import { sendPieces } from '../../../crypto/pieces.js';
import {
  inputBytes,
  type Layouts,
  outputBytes,
  type PackedLayout,
} from '../../../crypto/rlwe/packed-layout.js';
import {
  type Product,
  rowMajor,
  type StridedWords,
  type Strides,
} from '../../../crypto/rlwe/packed-product.js';
import { sendTaken } from '../../../net/channel.js';
import { runStep } from '../context/party-context.js';
import { posted } from '../exchange/in-turn.js';
import type { MatmulShape } from '../linear/linear-protocols.js';
import { isMutual, type ProductSession, uniformWords } from '../linear/product-session.js';

/** Who encrypts, what of its factors (x, or y transposed), and how that lies in ciphertexts. */
export interface CrossTerm {
  readonly encrypts: PartyId;
  readonly encrypted: 'x' | 'y';
  readonly layout: PackedLayout;
}

/** [batch, columns, rows] as the transpose of row-major [batch, rows, columns]. */
const transposed = (rows: number, columns: number): Strides => [rows * columns, 1, columns];

/** Both cross terms: of mutual ones the client encrypts what the server encrypts, the factor that costs less. */
export function crossTerms(layouts: Layouts, shape: MatmulShape, mutual: boolean): readonly CrossTerm[] {
  const { batch, n, k, m, ringBits } = shape;
  const term = { batch, inputs: k, ringBits, weightBits: ringBits };
  const byX = { encrypted: 'x', layout: layouts.of({ ...term, rows: n, outputs: m }) } as const;
  const byY = { encrypted: 'y', layout: layouts.of({ ...term, rows: m, outputs: n }) } as const;
  if (!mutual) return [byX, byY].map((by) => ({ encrypts: 'client', ...by }));
  const by = layouts.milliseconds(byY.layout) < layouts.milliseconds(byX.layout) ? byY : byX;
  return [
    { encrypts: 'client', ...by },
    { encrypts: 'server', ...by },
  ];
}

/** This party's factors, and where parts of them and of the product lie in a term. */
class Factors {
  constructor(
    readonly shape: MatmulShape,
    readonly x: BigUint64Array,
    readonly y: BigUint64Array,
  ) {}

  rows({ encrypted }: CrossTerm): StridedWords {
    const { n, k, m } = this.shape;
    return encrypted === 'x'
      ? { data: this.x, strides: rowMajor(n, k) }
      : { data: this.y, strides: transposed(k, m) };
  }

  weights({ encrypted }: CrossTerm): StridedWords {
    const { n, k, m } = this.shape;
    return encrypted === 'x'
      ? { data: this.y, strides: rowMajor(k, m) }
      : { data: this.x, strides: transposed(n, k) };
  }

  product({ encrypted }: CrossTerm): Strides {
    const { n, m } = this.shape;
    return encrypted === 'x' ? rowMajor(n, m) : transposed(n, m);
  }
}

/** Adds this party's shares of both terms: what it decrypts of those that it encrypts, the masks of the others. */
async function addTerms(
  products: ProductSession,
  terms: readonly CrossTerm[],
  factors: Factors,
  share: BigUint64Array,
): Promise<void> {
  const { role } = products;
  const { channel, random } = products.session;
  const { ringBits } = factors.shape;
  const own = terms.filter(({ encrypts }) => encrypts === role.party);
  const peers = terms.filter(({ encrypts }) => encrypts !== role.party);
  let messages: readonly Promise<Uint8Array>[] = [];
  let begun: readonly Product[] = [];
  await runStep(products, {
    async begin() {
      for (const term of own)
        sendTaken(channel, await role.encryptor!.encrypt(term.layout, factors.rows(term)));
      messages = peers.map(({ layout }) => posted(channel.receive(inputBytes(layout))));
      begun = peers.map((term) => {
        const weights = { ...factors.weights(term), bits: ringBits };
        return role.evaluator!.begin(term.layout, weights, sendPieces(channel));
      });
    },
    async answer() {
      for (const [i, term] of peers.entries()) {
        // The peer encrypts the next term meanwhile.
        const mask = uniformWords(random, share.length, ringBits);
        await begun[i]!.answer(messages[i]!, { data: mask, strides: factors.product(term) });
        kernels.ringAdd(share, mask, ringBits, share);
        giveBack(await messages[i]!, mask);
      }
    },
    async finish() {
      for (const term of own) {
        const part = takeWords(share.length);
        const message = await channel.receive(outputBytes(term.layout));
        await role.decryptor!.decrypt(term.layout, message, { data: part, strides: factors.product(term) });
        kernels.ringAdd(share, part, ringBits, share);
        giveBack(message, part);
      }
    },
  });
}

/** A share of x·y [batch, n, m], taken */
export const matmul = protocol(
  'matmul',
  async (
    products: ProductSession,
    x: BigUint64Array,
    y: BigUint64Array,
    shape: MatmulShape,
  ): Promise<BigUint64Array> => {
    const { batch, n, k, m, ringBits } = shape;
    const share = takeWords(batch * n * m);
    kernels.ringMatmul(x, y, batch, n, k, m, ringBits, share);
    const terms = crossTerms(products.layouts, shape, isMutual(products.role));
    await addTerms(products, terms, new Factors(shape, x, y), share);
    return share;
  },
);
