import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';
import sodium from 'libsodium-wrappers-sumo';
import { beforeAll, describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../inference/core/errors.js';
import { baseOtReceive, baseOtSend, KEY_BYTES } from '../../../../inference/crypto/ot/base-ot.js';
import { twoParties } from '../../../support/parties.js';

const keyAt = (keys: Uint8Array, i: number) =>
  Buffer.from(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)).toString('hex');

const scalarOf = (number: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? number : 0));
const pointOf = (number: number): Uint8Array => sodium.crypto_scalarmult_ristretto255_base(scalarOf(number));

beforeAll(() => sodium.ready);

describe('base OT', () => {
  it('gives the receiver the chosen key of each pair, and all keys differ', async () => {
    const [sender, receiver] = twoParties();
    const choices = Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 1, 1, 1);
    const [pairs, chosen] = await Promise.all([
      baseOtSend(sender.session, choices.length),
      baseOtReceive(receiver.session, choices),
    ]);
    choices.forEach((choice, i) => {
      expect(keyAt(chosen, i)).toBe(keyAt(pairs, 2 * i + choice));
    });
    const keys = Array.from({ length: 2 * choices.length }, (_, i) => keyAt(pairs, i));
    expect(new Set(keys).size).toBe(2 * choices.length);
    expect(sender.wire.sentBytes).toBe(32);
    expect(receiver.wire.sentBytes).toBe(64 * choices.length);
  });

  it.each([0, 1])('rejects what is no point, in place %d', async (place) => {
    const [sender, receiver] = twoParties();
    const points = new Uint8Array([...pointOf(1), ...pointOf(2)]);
    points.fill(0xff, 32 * place, 32 * place + 32);
    receiver.session.channel.send(points);
    await expect(baseOtSend(sender.session, 1)).rejects.toThrow(ProtocolError);
  });

  it('rejects two points of which one undoes what the other moves it by', async () => {
    const [sender, receiver] = twoParties();
    const other = pointOf(3);
    const moved = sodium.crypto_core_ristretto255_from_hash(
      sha512(concatBytes(new TextEncoder().encode('cipherprune/base-ot/2/point'), new Uint8Array(5), other)),
    );
    const zero = sodium.crypto_core_ristretto255_sub(moved, moved);
    receiver.session.channel.send(concatBytes(sodium.crypto_core_ristretto255_sub(zero, moved), other));
    await expect(baseOtSend(sender.session, 1)).rejects.toThrow(/another point 0/);
  });

  it('gives a receiver that knows both logarithms the key of neither or one', async () => {
    const [sender, receiver] = twoParties();
    const scalars = [1, 2].map(scalarOf);
    receiver.session.channel.send(concatBytes(...[1, 2].map(pointOf)));
    const pairs = await baseOtSend(sender.session, 1);
    const a = await receiver.session.channel.receive(32);
    const points = concatBytes(...[1, 2].map(pointOf));
    for (const b of [0, 1])
      for (const scalar of scalars) {
        const place = Uint8Array.of(0, 0, 0, 0, b);
        const shared = sodium.crypto_scalarmult_ristretto255(scalar, a);
        const domain = new TextEncoder().encode('cipherprune/base-ot/2/key');
        const key = sha256(concatBytes(domain, place, a, points, shared)).subarray(0, KEY_BYTES);
        expect(keyAt(pairs, b)).not.toBe(Buffer.from(key).toString('hex'));
      }
  });

  it('rejects the neutral element', async () => {
    const [sender, receiver] = twoParties();
    sender.session.channel.send(new Uint8Array(32));
    await expect(baseOtReceive(receiver.session, Uint8Array.of(1))).rejects.toThrow(/invalid encoding/);
  });
});
