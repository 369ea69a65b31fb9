/** ChaCha with 8 rounds and keys of 128 bits, word by word as in Bernstein's paper: the reference for the kernels. */
const CONSTANTS = new TextEncoder().encode('expand 16-byte k');

function quarterRound(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  const step = (sum: number, added: number, turned: number, bits: number) => {
    x[sum]! += x[added]!;
    const word = (x[turned]! ^ x[sum]!) >>> 0;
    x[turned] = (word << bits) | (word >>> (32 - bits));
  };
  step(a, b, d, 16);
  step(c, d, b, 12);
  step(a, b, d, 8);
  step(c, d, b, 7);
}

/** Block `number` of the stream under key [16] and nonce: 64 bytes. */
export function chaChaBlock(key: Uint8Array, number: bigint, nonce: bigint): Uint8Array {
  const input = new Uint8Array(64);
  input.set(CONSTANTS);
  input.set(key, 16);
  input.set(key, 32);
  const view = new DataView(input.buffer);
  view.setBigUint64(48, number, true);
  view.setBigUint64(56, nonce, true);
  const first = new Uint32Array(input.buffer);
  const x = first.slice();
  for (let round = 0; round < 8; round += 2) {
    for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarterRound(x, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  x.forEach((word, i) => {
    x[i] = word + first[i]!;
  });
  return new Uint8Array(x.buffer);
}

/** The stream's first `byteLength` bytes. */
export function chaChaStream(key: Uint8Array, nonce: bigint, byteLength: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(byteLength / 64) * 64);
  for (let at = 0; at < out.length; at += 64) out.set(chaChaBlock(key, BigInt(at / 64), nonce), at);
  return out.subarray(0, byteLength);
}
