/**
 * Products with matrices from COTs alone (Gilboa, CRYPTO 1999): each bit of one party's matrix chooses a column of the
 * other's. Much traffic, no set-up: for small matrices, and to check the homomorphic protocols against.
 *
 * Cost of [n, k] · [k, m] with B-bit entries: k·m·B COTs, about n·B·ringBits bits each, one round trip per inner index block.
 */

import { kernels } from '#kernels';
import type { Weight, WeightSource } from '../../inference/backends/backend.js';
import type { PartyContext } from '../../inference/backends/two-party/context/party-context.js';
import { exchange } from '../../inference/backends/two-party/exchange/cot-exchange.js';
import type {
  LinearProtocols,
  MatmulShape,
  RowShares,
} from '../../inference/backends/two-party/linear/linear-protocols.js';
import { ProductReceiver, ProductSender } from '../../inference/backends/two-party/products/cot-product.js';
import { TensorMismatchError } from '../../inference/core/errors.js';
import { encode } from '../../inference/core/ring-tensor.js';
import { protocol } from '../../inference/core/span.js';
import type { PartyId } from '../../inference/core/tensors.js';

interface MatrixShape {
  readonly n: number;
  readonly k: number;
  readonly m: number;
  /** Signed bits of an entry of the receiver's matrix. */
  readonly bits: number;
  readonly ringBits: number;
}

/** Words of one block's payloads. */
const BLOCK_WORDS = 1 << 22;

/**
 * Shares of x · y, where the sender knows x [n, k] and the receiver y [k, m].
 */
async function crossProduct(
  party: PartyContext,
  receiver: PartyId,
  matrix: BigUint64Array,
  { n, k, m, bits, ringBits }: MatrixShape,
): Promise<BigUint64Array> {
  const total = new BigUint64Array(m * n);
  const inner = Math.max(1, Math.floor(BLOCK_WORDS / Math.max(1, m * n)));
  const isReceiver = party.session.self === receiver;
  const columns = isReceiver ? matrix : permuted(matrix, [n, k], [1, 0]);
  for (let begin = 0; begin < k; begin += inner) {
    const end = Math.min(k, begin + inner);
    const plan = { items: (end - begin) * m, bits, ringBits, width: n, signed: true };
    const job = isReceiver
      ? new ProductReceiver(plan, matrix.subarray(begin * m, end * m))
      : new ProductSender(plan, repeatedRows(columns.subarray(begin * n, end * n), n, m));
    if (job instanceof ProductSender) await exchange(party, job, null);
    else await exchange(party, null, job);
    const sum = new BigUint64Array(m * n);
    if (sum.length > 0) kernels.ringSum(job.share, end - begin, m * n, ringBits, sum);
    kernels.ringAdd(total, sum, ringBits, total);
  }
  return permuted(total, [m, n], [1, 0]);
}

/** x [rows, width] → [rows, times, width] */
function repeatedRows(x: BigUint64Array, width: number, times: number): BigUint64Array {
  const out = new BigUint64Array(x.length * times);
  for (let from = 0, at = 0; from < x.length; from += width) {
    const row = x.subarray(from, from + width);
    for (let i = 0; i < times; i++, at += width) out.set(row, at);
  }
  return out;
}

function permuted(x: BigUint64Array, shape: readonly number[], axes: readonly number[]): BigUint64Array {
  const out = new BigUint64Array(x.length);
  if (x.length > 0) kernels.ringPermute(x, Uint32Array.from(shape), Uint32Array.from(axes), out);
  return out;
}

/** What `prepare` keeps. */
interface GilboaWeight extends Weight {
  /** The server's. */
  readonly matrix: Int16Array | null;
  readonly bias: Float64Array | null;
}

export class GilboaLinear implements LinearProtocols {
  constructor(readonly party: PartyContext) {}

  over(party: PartyContext): GilboaLinear {
    return new GilboaLinear(party);
  }

  async prepare({ name, matrix, bias, ...source }: WeightSource): Promise<Weight> {
    const isServer = this.party.session.self === 'server';
    if ((matrix !== null) !== isServer || (bias !== null) !== isServer) {
      throw new TensorMismatchError(`prepare ${name}: expected the matrix and the bias at the server only`);
    }
    const weight: GilboaWeight = { kind: 'weight', ...source, matrix, bias };
    return weight;
  }

  readonly linear = protocol(
    'linear',
    async ({ rows, ringBits, data }: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> => {
      const { matrix, bias, inputs, outputs, weightBits } = w as GilboaWeight;
      const shape = { n: rows, k: inputs, m: outputs, bits: Math.min(weightBits, ringBits), ringBits };
      if (matrix === null || bias === null) return crossProduct(this.party, 'server', data, shape);
      const words = new BigUint64Array(matrix.length);
      kernels.ringFromFloat(Float64Array.from(matrix), ringBits, 0, words);
      const cross = await crossProduct(this.party, 'server', words, shape);
      const own = new BigUint64Array(rows * outputs);
      kernels.ringMatmulInt16(data, matrix, rows, inputs, outputs, ringBits, own);
      kernels.ringAdd(own, cross, ringBits, own);
      const encoded = encode(bias, [outputs], { ringBits, fractionBits: fractionBits + w.fractionBits });
      kernels.ringAdd(own, encoded.data, ringBits, own);
      return own;
    },
  );

  readonly matmul = protocol(
    'matmul',
    async (x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> => {
      const { batch, n, k, m, ringBits } = shape;
      const out = new BigUint64Array(batch * n * m);
      if (out.length === 0) return out;
      kernels.ringMatmul(x, y, batch, n, k, m, ringBits, out);
      const product = { n, k, m, bits: ringBits, ringBits };
      for (let b = 0; b < batch; b++) {
        const target = out.subarray(b * n * m, (b + 1) * n * m);
        for (const receiver of ['server', 'client'] as const) {
          const own =
            receiver === this.party.session.self
              ? y.subarray(b * k * m, (b + 1) * k * m)
              : x.subarray(b * n * k, (b + 1) * n * k);
          const cross = await crossProduct(this.party, receiver, own, product);
          kernels.ringAdd(target, cross, ringBits, target);
        }
      }
      return out;
    },
  );
}
