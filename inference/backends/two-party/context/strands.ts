/**
 * Protocols that run at the same time between the same two parties: each strand has its own stream of the connection and
 * its own correlated OTs, so nothing depends on which of them is faster. Strands are made when first needed and kept.
 */
import type { CotPair } from '../../../crypto/ot/cot.js';
import type { Streams } from '../../../net/streams.js';
import type { LinearProtocols } from '../linear/linear-protocols.js';
import type { PartyContext } from './party-context.js';
import type { Turns } from './turns.js';

/** More tasks than this share strands, one after another: a strand holds a refill of COTs in each direction. */
const MAX_STRANDS = 8;

export interface Strand {
  readonly party: PartyContext;
  readonly linear: LinearProtocols;
}

export class Strands {
  readonly #strands: Strand[];

  private constructor(
    main: Strand,
    private readonly streams: Streams,
    private readonly fork: NonNullable<CotPair['fork']>,
    private readonly over: NonNullable<LinearProtocols['over']>,
  ) {
    this.#strands = [main];
  }

  /** Null if the COTs or the linear layers cannot be had several times. */
  static of(main: Strand, streams: Streams | undefined): Strands | null {
    const fork = main.party.cots.fork;
    const over = main.linear.over?.bind(main.linear);
    return streams && fork && over ? new Strands(main, streams, fork, over) : null;
  }

  /** Runs tasks at the same time, each strand with turns that begin as `turns` stand; both parties call it with as many. */
  async together<T>(
    tasks: readonly ((strand: Strand, turns: Turns) => Promise<T>)[],
    turns: Turns,
  ): Promise<T[]> {
    const count = Math.min(tasks.length, MAX_STRANDS);
    const strands = await this.#take(count);
    const turnsOf = strands.map((_, index) => (index === 0 ? turns : turns.fork()));
    const results: T[] = [];
    await this.streams.together(
      strands.map((strand, first) => async () => {
        for (let i = first; i < tasks.length; i += count)
          results[i] = await tasks[i]!(strand, turnsOf[first]!);
      }),
    );
    return results;
  }

  async #take(count: number): Promise<readonly Strand[]> {
    for (let index = this.#strands.length; index < count; index++) {
      const { session } = this.#strands[0]!.party;
      const channel = this.streams.stream(index);
      const party = { session: { ...session, channel }, cots: await this.fork(index, channel) };
      this.#strands.push({ party, linear: this.over(party) });
    }
    return this.#strands.slice(0, count);
  }
}
