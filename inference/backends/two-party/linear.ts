/**
 * Linear layers: x [rows, inputs], shared modulo 2^k, times the server's matrix. The client encrypts its share x1; the
 * server computes x1·W under encryption, subtracts a random mask, and adds x0·W and the bias in the clear. One round trip.
 * The sum of the shares is x·W + b modulo 2^k exactly (but for the failure probability of noise-budget.ts).
 */
import { availableParallelism } from 'node:os';
import { kernels } from '../../../kernels/addon.js';
import { TensorMismatchError } from '../../core/errors.js';
import { protocol } from '../../core/span.js';
import {
  type CostModel,
  chooseLayout,
  defaultCostModel,
  outputBytes,
  type PackedLayout,
  type ProductShape,
} from '../../crypto/rlwe/packed-layout.js';
import { encryptedBytes, rowMajor } from '../../crypto/rlwe/packed-product.js';
import { type RlweParameters, standardPreset } from '../../crypto/rlwe/parameters.js';
import type { Session } from '../../session/session.js';
import type { Weight, WeightSource } from '../backend.js';
import type { LinearProtocols, MatmulShape, RowShares } from './linear-protocols.js';
import { matmul } from './matmul.js';
import { exchangeKeys, type ProductSession, uniformWords } from './product-session.js';

export interface LinearOptions {
  readonly parameters?: RlweParameters;
  readonly cost?: CostModel;
  /** Threads of this party's kernels; all processors unless given, since the parties mostly take turns. */
  readonly threads?: number;
}

/** A weight as this module made it; matrix and bias are null at the client. */
interface PreparedWeight extends Weight {
  readonly name: string;
  readonly matrix: Int16Array | null;
  readonly bias: Float64Array | null;
}

const preparedOf = (w: Weight): PreparedWeight => {
  if (!('matrix' in w)) throw new TensorMismatchError('linear: expected a weight of this backend');
  return w as PreparedWeight;
};

/** x0·W + b + mask: the server's share. */
function serverShare(
  x: RowShares,
  w: PreparedWeight,
  fractionBits: number,
  mask: BigUint64Array,
): BigUint64Array {
  const { rows, ringBits, data } = x;
  const share = new BigUint64Array(rows * w.outputs);
  kernels.ringMatmulInt16(data, w.matrix!, rows, w.inputs, w.outputs, ringBits, share);
  kernels.ringAdd(share, mask, ringBits, share);
  if (w.bias !== null) {
    const bias = new BigUint64Array(w.outputs);
    const saturated = kernels.ringFromFloat(w.bias, ringBits, fractionBits + w.fractionBits, bias);
    if (saturated > 0) throw new TensorMismatchError(`linear: bias of ${w.name} does not fit the ring`);
    kernels.ringAdd(share, bias, ringBits, share);
  }
  return share;
}

/** A share of x·W + b [rows, outputs]; the bias stands at scale fractionBits + w.fractionBits. */
const linear = protocol(
  'linear',
  async (
    { session, role, layoutOf }: ProductSession,
    x: RowShares,
    w: PreparedWeight,
    fractionBits: number,
  ): Promise<BigUint64Array> => {
    const { channel, random } = session;
    const { rows, ringBits } = x;
    const { inputs, outputs, weightBits } = w;
    const layout = layoutOf({ batch: 1, rows, inputs, outputs, ringBits, weightBits });
    if (role.party === 'client') {
      channel.send(await role.encryptor.encrypt(layout, { data: x.data, strides: rowMajor(rows, inputs) }));
      const share = { data: new BigUint64Array(rows * outputs), strides: rowMajor(rows, outputs) };
      await role.decryptor.decrypt(layout, await channel.receive(outputBytes(layout)), share);
      return share.data;
    }
    const mask = uniformWords(random, rows * outputs, ringBits);
    // While the client encrypts.
    const share = serverShare(x, w, fractionBits, mask);
    const weights = { data: w.matrix!, bits: 16, strides: rowMajor(inputs, outputs) };
    const message = await channel.receive(encryptedBytes(layout));
    const strided = { data: mask, strides: rowMajor(rows, outputs) };
    channel.send(await role.evaluator.multiply(layout, message, weights, strided));
    return share;
  },
);

export class HomomorphicLinear implements LinearProtocols {
  constructor(readonly products: ProductSession) {}

  /** Once per model, at both parties; sends nothing. */
  async prepare(source: WeightSource): Promise<Weight> {
    const { name, inputs, outputs, weightBits, fractionBits, matrix, bias } = source;
    const isServer = this.products.session.self === 'server';
    if ((matrix !== null) !== isServer || (!isServer && bias !== null)) {
      throw new TensorMismatchError(`prepare ${name}: expected the matrix at the server only`);
    }
    if (matrix !== null && matrix.length !== inputs * outputs) {
      throw new TensorMismatchError(
        `prepare ${name}: expected ${inputs * outputs} entries, got ${matrix.length}`,
      );
    }
    const weight: PreparedWeight = {
      kind: 'weight',
      name,
      inputs,
      outputs,
      weightBits,
      fractionBits,
      matrix,
      bias,
    };
    return weight;
  }

  linear(x: RowShares, w: Weight, fractionBits: number): Promise<BigUint64Array> {
    return linear(this.products, x, preparedOf(w), fractionBits);
  }

  matmul(x: BigUint64Array, y: BigUint64Array, shape: MatmulShape): Promise<BigUint64Array> {
    return matmul(this.products, x, y, shape);
  }
}

/** Makes keys (client) or receives them (server): once a connection. */
export async function setupLinear(session: Session, options: LinearOptions = {}): Promise<HomomorphicLinear> {
  const { parameters = standardPreset, cost = defaultCostModel, threads = availableParallelism() } = options;
  const layouts = new Map<string, PackedLayout>();
  const layoutOf = (shape: ProductShape): PackedLayout => {
    const key = JSON.stringify(shape);
    const layout = layouts.get(key) ?? chooseLayout(parameters, shape, cost);
    layouts.set(key, layout);
    return layout;
  };
  return new HomomorphicLinear({
    session,
    role: await exchangeKeys(session, parameters, threads),
    layoutOf,
  });
}
