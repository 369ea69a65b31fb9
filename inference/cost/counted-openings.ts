/** Openings by shapes: their messages, and what they give as told from outside. */
import type { LeakName } from '../backends/backend.js';
import { protocol } from '../core/span.js';
import type { PartyId } from '../core/tensors.js';
import { TRANSCRIPT_BYTES } from '../net/transcript.js';
import type { CountingContext } from './counting-context.js';
import type { Opens } from './schedule.js';

/** What the client had sent when transcripts were compared. */
interface Compared {
  sentBytes: number;
}

/**
 * What the client alone learns is opened between a comparison of transcripts, if the client has sent anything since the last one, and the word that its
 * share came whole.
 */
async function countOpening(
  context: CountingContext,
  compared: Compared,
  bits: number,
  to: PartyId | 'all',
): Promise<void> {
  const { traffic, steps, turns } = context;
  const bytes = Math.ceil(bits / 8);
  if (to === 'client' && traffic.sentBytes !== compared.sentBytes) {
    traffic.sent(TRANSCRIPT_BYTES);
    traffic.received(TRANSCRIPT_BYTES);
    compared.sentBytes = traffic.sentBytes;
  }
  const sends = async () => traffic.sent(bytes);
  const receives = async () => traffic.received(bytes);
  if (to !== 'all') await steps.run({ begin: to === 'client' ? receives : sends });
  else await context.inTurn(turns.takeTurn().receiver, sends, receives);
  if (to === 'client') traffic.received(TRANSCRIPT_BYTES);
}

export class CountedOpenings {
  readonly #context: CountingContext;
  readonly #opens: Opens;
  /** So far, by name. */
  readonly #openings: Map<LeakName, number>;
  readonly #compared: Compared;
  readonly #message = protocol('reveal', (bits: number, to: PartyId | 'all') =>
    countOpening(this.#context, this.#compared, bits, to),
  );

  /** `whole`: openings of a part are openings of the whole. */
  constructor(context: CountingContext, opens: Opens, whole?: CountedOpenings) {
    this.#context = context;
    this.#opens = opens;
    this.#openings = whole ? whole.#openings : new Map();
    this.#compared = whole ? whole.#compared : { sentBytes: -1 };
  }

  /** An opening of so many bits. @returns what it gives the client; null where it learns nothing */
  async open(bits: number, to: PartyId | 'all', leak: LeakName): Promise<number | null> {
    await this.#message(bits, to);
    if (to === 'server') return null;
    const time = this.#openings.get(leak) ?? 0;
    this.#openings.set(leak, time + 1);
    return this.#opens(leak, time);
  }
}
