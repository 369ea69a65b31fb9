import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../inference/core/errors.js';
import { baseOtReceive, baseOtSend, KEY_BYTES } from '../../../../inference/crypto/ot/base-ot.js';
import { twoParties } from '../../../support/parties.js';

const keyAt = (keys: Uint8Array, i: number) =>
  Buffer.from(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES)).toString('hex');

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
    expect(receiver.wire.sentBytes).toBe(32 * choices.length);
  });

  it('rejects what is no point', async () => {
    const [sender, receiver] = twoParties();
    receiver.session.channel.send(new Uint8Array(32).fill(0xff));
    await expect(baseOtSend(sender.session, 1)).rejects.toThrow(ProtocolError);
  });

  it('rejects the neutral element', async () => {
    const [sender, receiver] = twoParties();
    sender.session.channel.send(new Uint8Array(32));
    await expect(baseOtReceive(receiver.session, Uint8Array.of(1))).rejects.toThrow(/invalid encoding/);
  });
});
