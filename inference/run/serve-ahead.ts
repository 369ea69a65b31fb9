/** The server's side of material made ahead: takes part when a client asks, within the memory that it allows. */
import type { Demand } from '../backends/two-party/ahead/demand.js';
import { withSpan } from '../core/span.js';
import type { Channel } from '../net/channel.js';
import { addCosts, type Cost, Meter, NO_COST } from '../session/meter.js';
import { filledTo, type Material } from './material.js';
import { PREPARE_ANSWERS } from './request.js';

export class ServeAhead {
  #cost = NO_COST;

  constructor(
    private readonly channel: Channel,
    /** Null at a party that makes nothing ahead. */
    private readonly material: Material | null,
    private readonly limitBytes: number,
  ) {}

  /** What was spent since the last call. */
  takeCost(): Cost {
    const cost = this.#cost;
    this.#cost = NO_COST;
    return cost;
  }

  /** Refuses what would not fit beside what lies there, before any work. */
  async prepare(demand: Demand): Promise<void> {
    const { material } = this;
    if (!material || material.bytesOf(filledTo(material.stock().items, demand)) > this.limitBytes) {
      this.channel.send(Uint8Array.of(PREPARE_ANSWERS.refused));
      return;
    }
    this.channel.send(Uint8Array.of(PREPARE_ANSWERS.accepted));
    const meter = new Meter();
    try {
      await withSpan(meter.span, () => material.prepareAhead(demand));
    } finally {
      this.#cost = addCosts(this.#cost, meter.finish().cost);
    }
  }
}
