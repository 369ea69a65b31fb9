import type { WeightSource } from '../../../../../inference/backends/backend.js';
import {
  type HomomorphicLinear,
  type LinearOptions,
  setupLinear,
} from '../../../../../inference/backends/two-party/linear/linear.js';
import type { MatmulShape } from '../../../../../inference/backends/two-party/linear/linear-protocols.js';
import { uniformWords } from '../../../../../inference/backends/two-party/linear/product-session.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import type { RlweParameters } from '../../../../../inference/crypto/rlwe/parameters.js';
import { both, testParties } from '../../../../support/two-parties.js';

export interface Pair {
  readonly server: HomomorphicLinear;
  readonly client: HomomorphicLinear;
}

export async function pairOf(
  parameters: RlweParameters,
  seed: number,
  options: LinearOptions = {},
): Promise<Pair> {
  const parties = testParties(seed);
  const [server, client] = await both(parties, ({ session }) =>
    setupLinear(session, { parameters, ...options }),
  );
  return { server, client };
}

export interface LinearCase {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly ringBits: number;
  readonly weightBits: number;
}

export const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

export function randomWeights(random: Prg, count: number, bits: number): Int16Array {
  return Int16Array.from(uniformWords(random, count, bits), (word) => Number(BigInt.asIntN(bits, word)));
}

export function sourceOf(
  shape: LinearCase,
  matrix: Int16Array | null,
  bias: Float64Array | null,
): WeightSource {
  const { inputs, outputs, weightBits } = shape;
  return { name: 'test', inputs, outputs, weightBits, fractionBits: 6, matrix, bias };
}

/** Both shares of x·W + b, and what their sum must be. */
export async function runLinear({ server, client }: Pair, shape: LinearCase, seed: number) {
  const { rows, inputs, outputs, ringBits, weightBits } = shape;
  const random = Prg.insecureForTests(seed);
  const matrix = randomWeights(random, inputs * outputs, weightBits);
  const bias = Float64Array.from({ length: outputs }, (_, o) => ((o % 3) - 1) / 2 ** 8);
  const [x0, x1] = [0, 1].map(() => uniformWords(random, rows * inputs, ringBits)) as [
    BigUint64Array,
    BigUint64Array,
  ];
  const run = async (party: HomomorphicLinear, data: BigUint64Array, isServer: boolean) => {
    const w = await party.prepare(sourceOf(shape, isServer ? matrix : null, isServer ? bias : null));
    return party.linear({ rows, ringBits, data }, w, 2);
  };
  const [y0, y1] = await Promise.all([run(server, x0, true), run(client, x1, false)]);
  const got = y0.map((word, i) => mod(word + y1[i]!, ringBits));
  const expected = got.map((_, at) => {
    const [i, o] = [Math.floor(at / outputs), at % outputs];
    let sum = BigInt(bias[o]! * 2 ** 8);
    for (let c = 0; c < inputs; c++) {
      sum += (x0[i * inputs + c]! + x1[i * inputs + c]!) * BigInt(matrix[c * outputs + o]!);
    }
    return mod(sum, ringBits);
  });
  return { got, expected, y0, y1 };
}

export async function runMatmul({ server, client }: Pair, shape: MatmulShape, seed: number) {
  const { batch, n, k, m, ringBits } = shape;
  const random = Prg.insecureForTests(seed);
  const words = (count: number) => uniformWords(random, count, ringBits);
  const [x0, x1, y0, y1] = [
    words(batch * n * k),
    words(batch * n * k),
    words(batch * k * m),
    words(batch * k * m),
  ];
  const [z0, z1] = await Promise.all([server.matmul(x0, y0, shape), client.matmul(x1, y1, shape)]);
  const got = z0.map((word, i) => mod(word + z1[i]!, ringBits));
  const expected = got.map((_, at) => {
    const [b, i, j] = [Math.floor(at / (n * m)), Math.floor(at / m) % n, at % m];
    let sum = 0n;
    for (let c = 0; c < k; c++) {
      const [left, right] = [(b * n + i) * k + c, (b * k + c) * m + j];
      sum += (x0[left]! + x1[left]!) * (y0[right]! + y1[right]!);
    }
    return mod(sum, ringBits);
  });
  return { got, expected };
}
