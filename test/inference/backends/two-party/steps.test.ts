import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../../inference/backends/backend.js';
import { roundTrip } from '../../../../inference/backends/two-party/context/party-context.js';
import { Steps } from '../../../../inference/backends/two-party/context/steps.js';
import { Turns } from '../../../../inference/backends/two-party/context/turns.js';
import { openTwoParty } from '../../../../inference/backends/two-party/open-two-party.js';
import { decode } from '../../../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../../../inference/core/tensors.js';
import { Prg } from '../../../../inference/crypto/prg.js';
import type { Channel } from '../../../../inference/net/channel.js';
import { createSession } from '../../../../inference/session/create-session.js';
import { GilboaLinear } from '../../../support/gilboa-linear.js';
import { type TestParty, testParties } from '../../../support/two-parties.js';

type Body = (mpc: Backend, x: SharedTensor) => Promise<SharedTensor[]>;

/** Runs a body of both parties on 0.5, 1, ... → what it gives in the clear, and how many messages had to wait for each other. */
async function run(body: Body): Promise<{ values: number[][]; flights: number }> {
  const { server, client, traffic } = testParties(3);
  const each = async (party: TestParty) => {
    const { mpc } = openTwoParty({ ...party, linear: new GilboaLinear(party) });
    const values = Float64Array.from({ length: 40 }, (_, i) => (i - 20) / 2);
    const parts = await body(mpc, mpc.constant(values, [40], 20, 4));
    const { flights } = traffic;
    const opened: number[][] = [];
    for (const part of parts) {
      const value = await mpc.reveal(part, 'client', 'logits');
      if (value) opened.push(Array.from(decode(value)));
    }
    return { opened, flights };
  };
  const [, { opened, flights }] = await Promise.all([each(server), each(client)]);
  return { values: opened, flights };
}

/** Two steps of an answering party over a channel that tells in which order it was used; receives come at once. */
async function answerTwice(together: boolean): Promise<string[]> {
  const seen: string[] = [];
  const recording: Channel = {
    send: ([byte]) => void seen.push(`send ${byte}`),
    receive: async (length) => new Uint8Array(length),
    flush: () => void seen.push('flush'),
    close: async () => undefined,
  };
  const session = createSession({ self: 'server', channel: recording, random: Prg.insecureForTests(1) });
  const steps = new Steps((step) => roundTrip(session, step));
  const answer = (byte: number) => async () => {
    await steps.run({
      begin: () => undefined,
      answer: () => recording.receive(1).then(() => recording.send(Uint8Array.of(byte))),
      finish() {
        seen.push('compute');
        return undefined;
      },
    });
  };
  if (together) await steps.together([answer(1), answer(2)], new Turns());
  else for (const byte of [1, 2]) await answer(byte)();
  return seen;
}

const squares: Body = async (mpc, x) => [await mpc.square(await mpc.square(mpc.narrow(x, 12)))];
const positive: Body = async (mpc, x) => [await mpc.multiplex(mpc.not(await mpc.isNegative(x)), x)];
const scaled: Body = async (mpc, x) => [await mpc.multiply(x, mpc.narrow(x, 12))];

const inTurn =
  (...bodies: Body[]): Body =>
  async (mpc, x) => {
    const results: SharedTensor[] = [];
    for (const body of bodies) results.push(...(await body(mpc, x)));
    return results;
  };
const beside =
  (...bodies: Body[]): Body =>
  async (mpc, x) =>
    (await mpc.together!(bodies.map((body) => (lane: Backend) => body(lane, x)))).flat();

describe('what answers the peer', () => {
  const sent = (seen: readonly string[]) => seen.join(', ').replaceAll(/(flush, )+/g, 'flush, ');

  it('leaves before this party computes on, so that both compute at the same time', async () => {
    const alone = sent(await answerTwice(false));
    expect(alone).toBe('flush, send 1, flush, compute, flush, send 2, flush, compute, flush');
  });

  it('leaves at once for all strands', async () => {
    expect(sent(await answerTwice(true))).toBe('flush, send 1, send 2, flush, compute, compute, flush');
  });
});

describe('strands side by side', () => {
  it('give what they give one after another, in the messages of the longest', async () => {
    const bodies = [squares, positive, scaled];
    const [alone, together] = [await run(inTurn(...bodies)), await run(beside(...bodies))];
    expect(together.values).toEqual(alone.values);
    const each = await Promise.all(bodies.map(async (body) => (await run(body)).flights));
    expect(together.flights).toBeLessThanOrEqual(Math.max(...each) + 2);
    expect(together.flights).toBeLessThan(alone.flights);
  });

  it('may hold strands of their own, and stand between other work', async () => {
    const nested = inTurn(scaled, beside(squares, inTurn(positive, beside(scaled, positive))), squares);
    const flat = inTurn(scaled, squares, positive, scaled, positive, squares);
    expect((await run(nested)).values).toEqual((await run(flat)).values);
  });

  it('end with the error of the one that fails', async () => {
    const failing: Body = async () => {
      throw new RangeError('no such place');
    };
    await expect(run(beside(squares, inTurn(positive, failing)))).rejects.toThrow('no such place');
  });
});
