/**
 * Material for texts that are still to come, as the client sees it: the server has no initiative, so the client asks for it
 * between texts, in steps short enough that a text which arrives meanwhile starts soon.
 */
import { nextTask } from '../core/next-task.js';
import type { Correlation } from '../material/correlation.js';
import { Demand } from '../material/demand.js';
import { withSpan } from '../core/span.js';
import type { KeptItems, Material } from '../material/material.js';
import { inventoryOf, type KeptPool, type PoolName } from '../material/kept-pool.js';
import type { Channel } from '../net/channel.js';
import { receiveNotice, type Wait } from '../net/notice.js';
import { sendRequest } from '../run/request.js';
import { addCosts, type Cost, Meter, NO_COST } from '../session/meter.js';

/** Memory of what one step makes: about half a second's work where somebody may be waiting. */
const STEP_BYTES = 4e6;
/** Where nobody waits: taller batches are cheaper. */
const LONG_STEP_BYTES = 64e6;
/** Texts that say what the next ones will use. */
const RECENT_TEXTS = 16;

/** How a filling ended: everything is there, a text came, or the server keeps no more. */
export type Filled = 'complete' | 'stopped' | 'refused';

interface Used {
  readonly demand: Demand;
  readonly texts: number;
  /** Of the longest one. */
  readonly tokens: number;
}

const isCots = ([{ kind }]: readonly [Correlation, number]): boolean => kind === 'cots';

/**
 * Cuts what is missing to `target` into demands of about `stepBytes`, to be filled one after another. COTs come last, since
 * making everything else takes some.
 */
export function stepsTo(
  target: Demand,
  material: Pick<Material, 'stock' | 'bytesOf'>,
  stepBytes: number,
): Demand[] {
  const { items } = material.stock();
  const steps: Demand[] = [];
  let step = new Demand();
  let bytes = 0;
  const entries = [...target.entries.filter((e) => !isCots(e)), ...target.entries.filter(isCots)];
  for (const [correlation, count] of entries) {
    const each = Math.max(0.01, material.bytesOf(Demand.of([[correlation, 1024]])) / 1024);
    for (let have = items.of(correlation); have < count; ) {
      const made = Math.min(count - have, Math.max(1, Math.floor((stepBytes - bytes) / each)));
      have += made;
      step.add(correlation, have);
      bytes += made * each;
      if (bytes < stepBytes) continue;
      steps.push(step);
      [step, bytes] = [new Demand(), 0];
    }
  }
  return step.isEmpty ? steps : [...steps, step];
}

export class ClientAhead {
  readonly #recent: Used[] = [];
  #cost = NO_COST;

  constructor(
    private readonly channel: Channel,
    private readonly material: Material,
    /** What the server keeps for this client. */
    readonly limitBytes: number,
    /** Told where this client stands in the server's queue. */
    private readonly onWait: (wait: Wait) => void = () => undefined,
  ) {}

  /** What was spent since the last call. */
  takeCost(): Cost {
    const cost = this.#cost;
    this.#cost = NO_COST;
    return cost;
  }

  /** Of this party's memory. */
  get bytes(): number {
    return this.material.stock().bytes;
  }

  /** Before a text or a batch of them. */
  beginTexts(): void {
    this.material.resetDemand();
  }

  /** They had `tokens` at most, with padding. */
  endTexts(texts: number, tokens: number): void {
    this.#recent.push({ demand: this.material.demand(), texts, tokens });
    if (this.#recent.length > RECENT_TEXTS) this.#recent.shift();
  }

  /** What so many texts like the last ones use, with a margin; null before the first. */
  expected(texts: number): Demand | null {
    if (this.#recent.length === 0) return null;
    const seen = this.#recent.reduce((sum, recent) => sum + recent.texts, 0);
    const used = this.#recent.reduce(
      (sum, { demand, tokens, texts }) => sum.plus(demand.withMargin(tokens, texts)),
      new Demand(),
    );
    return used.times(texts / seen);
  }

  /** As much of a demand as the server keeps, beside the work of making it. */
  within(demand: Demand): Demand {
    const bytes = this.material.bytesOf(demand);
    const room = Math.max(0, this.limitBytes - this.material.workBytesOf(demand));
    return bytes <= room ? demand : demand.times(room / bytes);
  }

  /** Makes what is missing to `target`. `shouldStop` is asked between steps, which are then short. */
  async fill(target: Demand, shouldStop?: () => boolean): Promise<Filled> {
    const meter = new Meter();
    try {
      return await withSpan(meter.span, () => this.#fill(target, shouldStop));
    } finally {
      this.#cost = addCosts(this.#cost, meter.finish().cost);
    }
  }

  /** Takes pools up again that both parties kept; false if the server does not have its part. */
  async resume({ id, generation, items }: KeptPool): Promise<boolean> {
    sendRequest(this.channel, { kind: 'resume', id, generation, inventory: inventoryOf(items) });
    if (!(await receiveNotice(this.channel, this.onWait))) return false;
    this.material.restoreAhead(items);
    return true;
  }

  /** Takes everything out of the pools, for the client to keep; null if the server does not keep its part. */
  async keep({ id, generation }: PoolName): Promise<readonly KeptItems[] | null> {
    const items = this.material.drainAhead();
    sendRequest(this.channel, { kind: 'keep', id, generation, inventory: inventoryOf(items) });
    return (await receiveNotice(this.channel, this.onWait)) ? items : null;
  }

  async #fill(target: Demand, shouldStop?: () => boolean): Promise<Filled> {
    for (const demand of stepsTo(target, this.material, shouldStop ? STEP_BYTES : LONG_STEP_BYTES)) {
      // Let whatever arrived be noticed.
      if (shouldStop) await new Promise<void>(nextTask);
      if (shouldStop?.()) return 'stopped';
      sendRequest(this.channel, { kind: 'prepare', demand });
      if (!(await receiveNotice(this.channel, this.onWait))) return 'refused';
      await this.material.prepareAhead(demand);
    }
    return 'complete';
  }
}
