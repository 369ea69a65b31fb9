/** `--checks` over whole connections. */
import { describe, expect, it } from 'vitest';
import { Client } from '../../../inference/client/client.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { openEngineParty } from '../../../inference/run/engine-party.js';
import { serveConnection } from '../../../inference/server/serve-connection.js';
import { impatient, tampering } from '../../support/tampering.js';
import { engineClient } from '../client/engine-client.js';
import { tinyServedModel } from '../server/toy-party.js';

interface Wanted {
  readonly server?: boolean;
  readonly client?: boolean;
  readonly cots?: 'softspoken' | 'ferret';
  /** A byte of what the client sends that is damaged. */
  readonly at?: number;
}

/** The client's label or error, the server's error, and how much the client sent. */
async function run({
  server = false,
  client = false,
  cots = 'softspoken',
  at = Number.POSITIVE_INFINITY,
}: Wanted) {
  const ends = memoryChannelPair().map((end) => impatient(end, 10_000));
  const tampered = tampering(ends[1]!, at);
  const model = tinyServedModel(1);
  const served = serveConnection(ends[0]!, {
    model: { ...model, terms: { ...model.terms, checks: server } },
    open: openEngineParty,
    onText: () => undefined,
  }).then(
    () => null,
    (error: Error) => ends[0]!.close().then(() => error.message),
  );
  const terms = { ...engineClient.terms, checks: client, cots };
  const answer = await Client.open(tampered.channel, { ...engineClient, terms })
    .then(async (opened) => {
      const { label } = await opened.classify('a good movie.');
      await opened.close();
      return label;
    })
    .catch((error: Error) => error.message);
  await ends[1]!.close();
  return { answer, served: await served, sent: tampered.sent() };
}

describe('checks', () => {
  it('are made if either party wants them, and change no answer', async () => {
    const plain = await run({});
    const [byServer, byClient] = [await run({ server: true }), await run({ client: true })];
    for (const checked of [byServer, byClient]) {
      expect(checked.answer).toBe(plain.answer);
      expect(checked.served).toBeNull();
      // A proof behind each refill's corrections.
      expect(checked.sent).toBeGreaterThan(plain.sent);
    }
    expect(byServer.sent).toBe(byClient.sent);
  });

  it('are made with Ferret too', async () => {
    const plain = await run({ cots: 'ferret' });
    const checked = await run({ client: true, cots: 'ferret' });
    expect(checked.answer).toBe(plain.answer);
    expect(checked.served).toBeNull();
    expect(checked.sent).toBeGreaterThan(plain.sent);
  });

  it("end the connection at a client's first corrections that are not of one piece, before any text", async () => {
    // Of the set-up, its first refill's corrections are by far the most.
    const { answer, served } = await run({ server: true, at: 100_000 });
    expect(served).toContain('its corrections are inconsistent');
    expect(answer).not.toBeTypeOf('number');
  });
});
