/** A peer that sends on and reads nothing: what this end computes for it waits, within a bound, and nothing comes out of order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PeerTimeoutError } from '../../../inference/core/errors.js';
import { type Leaving, Turnstile } from '../../../inference/net/turnstile.js';
import { rawPair } from './tcp-pair.js';

const ANSWER_BYTES = 1 << 20;
const OUTGOING_BYTES = 8 << 20;
/** What the systems of both ends take of a connection. */
const MOST_SYSTEM_BYTES = 16 << 20;

describe('a channel over TCP', () => {
  it('answers a peer that reads nothing up to its bound, and goes on when it reads', async () => {
    const { raw, channel, close } = await rawPair({ outgoingBytes: OUTGOING_BYTES });
    const requests = 100;
    let answered = 0;
    const serving = (async () => {
      for (; answered < requests; answered++) {
        await channel.receive(1);
        channel.send(new Uint8Array(ANSWER_BYTES));
      }
    })();
    raw.pause();
    raw.write(new Uint8Array(requests));
    await sleep(500);
    expect(answered).toBeLessThanOrEqual(1 + (OUTGOING_BYTES + MOST_SYSTEM_BYTES) / ANSWER_BYTES);
    let read = 0;
    raw.on('data', (chunk) => {
      read += chunk.length;
    });
    raw.resume();
    await serving;
    while (read < requests * ANSWER_BYTES) await sleep(5);
    await close();
  });

  it('gives up a peer that reads nothing', async () => {
    const { raw, channel, close } = await rawPair({
      outgoingBytes: OUTGOING_BYTES,
      timeoutMilliseconds: 300,
    });
    raw.pause();
    channel.send(new Uint8Array(OUTGOING_BYTES + MOST_SYSTEM_BYTES));
    const asked = [channel.receive(1), channel.receive(1)];
    raw.write(new Uint8Array(2));
    for (const each of asked) await expect(each).rejects.toThrow(PeerTimeoutError);
    await close();
  });
});

it('hands out in order what was asked for with room and without', async () => {
  let hasRoom = true;
  let makeRoom = (): void => undefined;
  const leaving: Leaving = {
    get hasRoom() {
      return hasRoom;
    },
    room: () =>
      hasRoom
        ? Promise.resolve()
        : new Promise((resolve) => {
            makeRoom = resolve;
          }),
  };
  const turnstile = new Turnstile(leaving);
  const come: (() => void)[] = [];
  const order: number[] = [];
  const ask = (i: number): void => {
    const pending = new Promise<void>((resolve) => come.push(resolve));
    void turnstile.hand(pending).then(() => order.push(i));
  };
  ask(0);
  hasRoom = false;
  ask(1);
  hasRoom = true;
  ask(2);
  ask(3);
  for (const each of come) each();
  await sleep(1);
  makeRoom();
  await sleep(1);
  ask(4);
  come.at(-1)!();
  await sleep(1);
  expect(order).toEqual([0, 1, 2, 3, 4]);
});
