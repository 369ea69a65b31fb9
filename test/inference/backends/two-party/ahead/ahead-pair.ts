/** Two parties whose material can be made ahead, without a network between them, and values to share. */
import type { Backend } from '../../../../../inference/backends/backend.js';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { openTwoParty, type TwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { type Shape, sizeOf } from '../../../../../inference/core/shape.js';
import type { PartyId, SharedTensor } from '../../../../../inference/core/tensors.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { type TestParty, type Traffic, testParties } from '../../../../support/two-parties.js';

export const mod = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);

export interface Value {
  readonly shape: Shape;
  readonly ringBits: number;
  readonly values: readonly bigint[];
}

/** Signed values of at most `bits` bits. */
export function valuesOf(random: Prg, shape: Shape, ringBits: number, bits = ringBits, signed = true): Value {
  const words = new BigUint64Array(random.bytes(8 * sizeOf(shape)).buffer);
  const values = Array.from(words, (word) => (signed ? BigInt.asIntN(bits, word) : mod(word, bits)));
  return { shape, ringBits, values };
}

interface Pair {
  readonly traffic: Traffic;
  readonly server: TwoParty;
  readonly client: TwoParty;
  both<T>(body: (mpc: TwoParty['mpc'], material: TwoParty['material']) => Promise<T>): Promise<[T, T]>;
}

export function pairOf(seed: number): Pair {
  const { server, client, traffic } = testParties(seed);
  const backendOf = ({ session, cots, ...party }: TestParty) =>
    openTwoParty({ session, cots, linear: new GilboaLinear({ ...party, session, cots }) });
  const [a, b] = [backendOf(server), backendOf(client)];
  return {
    traffic,
    server: a,
    client: b,
    both: (body) => Promise.all([body(a.mpc, a.material), body(b.mpc, b.material)]),
  };
}

/** Random shares of the value. */
export function shareOf(self: PartyId, { shape, ringBits, values }: Value, seed: number): SharedTensor {
  const mask = new BigUint64Array(Prg.insecureForTests(seed).bytes(8 * values.length).buffer);
  const data = BigUint64Array.from(values, (value, i) =>
    mod(self === 'server' ? mask[i]! : value - mask[i]!, ringBits),
  );
  return localTensor(data, shape, { ringBits, fractionBits: 0 });
}

export async function opened(mpc: Backend, x: SharedTensor): Promise<bigint[]> {
  return Array.from((await mpc.reveal(x, 'all', 'logits'))!.data);
}
