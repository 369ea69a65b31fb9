/**
 * Products of two shared matrices, x [batch, n, k] · y [batch, k, m]. With shares x0, y0 (server) and x1, y1 (client),
 * x·y = x0·y0 + x1·y1 + x1·y0 + x0·y1: the first two are local, the cross terms are products of the client's encrypted
 * share with the server's share as weights. The second is computed transposed, y1ᵀ·x0ᵀ. All of the batch and both terms
 * travel in one message each way.
 */
import { kernels } from '#kernels';
import { giveBack } from '../../../core/words.js';
import { protocol } from '../../../core/span.js';
import { outputBytes, type PackedLayout, type ProductShape } from '../../../crypto/rlwe/packed-layout.js';
import { encryptedBytes, rowMajor, type Strides } from '../../../crypto/rlwe/packed-product.js';
import { sendTaken } from '../../../net/channel.js';
import { runStep } from '../context/party-context.js';
import type { MatmulShape } from '../linear/linear-protocols.js';
import { type ProductRole, type ProductSession, uniformWords } from '../linear/product-session.js';

/** One cross term: the client's factor as rows, the server's as weights, and where the result lies in [batch, n, m]. */
interface CrossTerm {
  readonly layout: PackedLayout;
  readonly rows: BigUint64Array;
  readonly rowStrides: Strides;
  readonly weights: BigUint64Array;
  readonly weightStrides: Strides;
  readonly outStrides: Strides;
}

/** [batch, columns, rows] as the transpose of row-major [batch, rows, columns]. */
const transposed = (rows: number, columns: number): Strides => [rows * columns, 1, columns];

/** x1·y0 as the client's rows by the server's weights, and x0·y1 transposed. */
export function termShapes({ batch, n, k, m, ringBits }: MatmulShape): readonly [ProductShape, ProductShape] {
  const shape = { batch, inputs: k, ringBits, weightBits: ringBits };
  return [
    { ...shape, rows: n, outputs: m },
    { ...shape, rows: m, outputs: n },
  ];
}

function crossTerms(
  layoutOf: ProductSession['layoutOf'],
  x: BigUint64Array,
  y: BigUint64Array,
  shape: MatmulShape,
): readonly CrossTerm[] {
  const { n, k, m } = shape;
  const [first, second] = termShapes(shape);
  return [
    {
      layout: layoutOf(first),
      rows: x,
      rowStrides: rowMajor(n, k),
      weights: y,
      weightStrides: rowMajor(k, m),
      outStrides: rowMajor(n, m),
    },
    {
      layout: layoutOf(second),
      rows: y,
      rowStrides: transposed(k, m),
      weights: x,
      weightStrides: transposed(n, k),
      outStrides: transposed(n, m),
    },
  ];
}

type Encrypting = ProductRole & { party: 'client' };
type Evaluating = ProductRole & { party: 'server' };

/** → x1·y0 + x0·y1 minus the masks [batch, n, m] */
async function decryptTerms(
  products: ProductSession,
  { encryptor, decryptor }: Encrypting,
  terms: readonly CrossTerm[],
  share: BigUint64Array,
  ringBits: number,
): Promise<void> {
  const { channel } = products.session;
  await runStep(products, {
    async begin() {
      for (const { layout, rows, rowStrides } of terms)
        sendTaken(channel, await encryptor.encrypt(layout, { data: rows, strides: rowStrides }));
    },
    async finish() {
      for (const { layout, outStrides } of terms) {
        const term = new BigUint64Array(share.length);
        const message = await channel.receive(outputBytes(layout));
        await decryptor.decrypt(layout, message, { data: term, strides: outStrides });
        kernels.ringAdd(share, term, ringBits, share);
        giveBack(message);
      }
    },
  });
}

/** → the masks' sum [batch, n, m] */
async function evaluateTerms(
  products: ProductSession,
  { evaluator }: Evaluating,
  terms: readonly CrossTerm[],
  share: BigUint64Array,
  ringBits: number,
): Promise<void> {
  const { channel, random } = products.session;
  let messages: readonly Promise<Uint8Array>[] = [];
  await runStep(products, {
    async begin() {
      messages = terms.map(({ layout }) => channel.receive(encryptedBytes(layout)));
      for (const message of messages) message.catch(() => {}); // reported by the one that awaits it
    },
    async answer() {
      for (const [term, { layout, weights, weightStrides, outStrides }] of terms.entries()) {
        // The client encrypts the next term meanwhile.
        const message = await messages[term]!;
        const mask = uniformWords(random, share.length, ringBits);
        const factor = { data: weights, bits: ringBits, strides: weightStrides };
        const masked = { data: mask, strides: outStrides };
        await evaluator.multiply(layout, message, factor, masked, (piece) => channel.send(piece));
        kernels.ringAdd(share, mask, ringBits, share);
        giveBack(message, mask);
      }
    },
  });
}

/** A share of x·y [batch, n, m] */
export const matmul = protocol(
  'matmul',
  async (
    products: ProductSession,
    x: BigUint64Array,
    y: BigUint64Array,
    shape: MatmulShape,
  ): Promise<BigUint64Array> => {
    const { batch, n, k, m, ringBits } = shape;
    const share = new BigUint64Array(batch * n * m);
    kernels.ringMatmul(x, y, batch, n, k, m, ringBits, share);
    const terms = crossTerms(products.layoutOf, x, y, shape);
    if (products.role.party === 'client') await decryptTerms(products, products.role, terms, share, ringBits);
    else await evaluateTerms(products, products.role, terms, share, ringBits);
    return share;
  },
);
