/** The server's side of material made ahead: takes part when a client asks, within the memory that it allows. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { formatCorrelation } from '../material/correlation-text.js';
import type { Demand } from '../material/demand.js';
import { withSpan } from '../core/span.js';
import { filledTo, type Material } from '../material/material.js';
import { bytesOfItems, inventoryOf } from '../material/kept-pool.js';
import type { Channel } from '../net/channel.js';
import { sendBegin, sendDeclined } from '../net/notice.js';
import type { PoolRequest } from '../run/request.js';
import { addCosts, type Cost, Meter, NO_COST } from '../session/meter.js';
import type { PoolFolder } from './pool-folder.js';
import { impossibleItem } from './possible-demand.js';

/** Kinds of material that a client may ask for on one connection: each has a pool, however small. */
const MOST_KINDS = 2 ** 14;

/** Where what is left is kept over connections. */
export interface ServedPools {
  readonly folder: PoolFolder;
  /** Digest of the model with its weights. */
  readonly model: string;
}

export class ServeAhead {
  readonly #kinds = new Set<string>();
  #cost = NO_COST;

  constructor(
    private readonly channel: Channel,
    /** Null at a party that makes nothing ahead. */
    private readonly material: Material | null,
    /** For what lies ready, and for the work of making it. */
    private readonly limitBytes: number,
    private readonly model: PublicModel,
    private readonly pools: ServedPools | null = null,
    /** Whose pools are kept. */
    private readonly owner?: string,
    /** Told why a pool was lost, where the client is told only that it was. */
    private readonly onPoolLost: (reason: string) => void = () => undefined,
  ) {}

  /** What was spent since the last call. */
  takeCost(): Cost {
    const cost = this.#cost;
    this.#cost = NO_COST;
    return cost;
  }

  /** Takes kept pools up again, if they are the ones that the client has; whatever is kept under that name is gone then. */
  async resume(request: PoolRequest): Promise<void> {
    const { material, pools } = this;
    const pool = await this.#unlessLost(pools?.folder.claim(request, pools.model, this.owner));
    const isSame = pool && Buffer.compare(inventoryOf(pool.items), request.inventory) === 0;
    const bytes = (material?.stock().bytes ?? 0) + (pool ? bytesOfItems(pool.items) : 0);
    const fits = isSame && material && bytes <= this.limitBytes;
    if (fits) material.restoreAhead(pool.items);
    this.#answer(Boolean(fits));
  }

  /** Keeps what is left in the pools, if the client's are the same. */
  async keep({ id, generation, inventory }: PoolRequest): Promise<void> {
    const { material, pools } = this;
    const items = material?.drainAhead() ?? [];
    const isSame = Buffer.compare(inventoryOf(items), inventory) === 0;
    const kept =
      pools !== null &&
      isSame &&
      (await this.#unlessLost(
        pools.folder.keep({ id, generation, party: 'server', model: pools.model, items }, this.owner),
      ));
    if (kept === false && pools !== null && isSame)
      this.onPoolLost(`${bytesOfItems(items)} bytes are more than one client's part of the room for pools`);
    this.#answer(Boolean(kept));
  }

  /** Null where files of pools cannot be read or written: a text does without. */
  async #unlessLost<T>(work: Promise<T> | undefined): Promise<T | null> {
    try {
      return (await work) ?? null;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      this.onPoolLost(error.message);
      return null;
    }
  }

  #answer(isAccepted: boolean): void {
    (isAccepted ? sendBegin : sendDeclined)(this.channel);
  }

  /** What is declined leaves nothing behind: a client may ask for ever. */
  #hasRoomFor(demand: Demand): boolean {
    const names = demand.entries.map(([correlation]) => formatCorrelation(correlation));
    const more = names.filter((name) => !this.#kinds.has(name));
    if (this.#kinds.size + more.length > MOST_KINDS) return false;
    for (const name of more) this.#kinds.add(name);
    return true;
  }

  /** Declines what no text of the model uses, and what would not fit beside what lies there, before any work. */
  async prepare(demand: Demand, onMaterial?: (bytes: number) => void | Promise<void>): Promise<void> {
    const { material } = this;
    const isAllowed =
      material !== null &&
      (await impossibleItem(this.model, demand)) === null &&
      this.#hasRoomFor(demand) &&
      material.bytesOf(filledTo(material.stock().items, demand)) + material.workBytesOf(demand) <=
        this.limitBytes;
    if (isAllowed) {
      const { items, bytes } = material.stock();
      await onMaterial?.(Math.max(0, material.bytesOf(filledTo(items, demand)) - bytes));
    }
    this.#answer(isAllowed);
    if (!isAllowed) return;
    const meter = new Meter();
    try {
      await withSpan(meter.span, () => material.prepareAhead(demand));
    } finally {
      this.#cost = addCosts(this.#cost, meter.finish().cost);
    }
  }
}
