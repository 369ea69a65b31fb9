/** What counted operations work with: the client's traffic, COTs, steps and turns, and what could be made ahead. */
import type { Weight } from '../backends/backend.js';
import { perform, type Step, Steps } from '../backends/two-party/context/steps.js';
import { Turns } from '../backends/two-party/context/turns.js';
import type { CotJob } from '../backends/two-party/exchange/cot-exchange.js';
import { DEFAULT_COTS } from '../core/cot-kind.js';
import type { LineTable } from '../core/line-table.js';
import { protocol } from '../core/span.js';
import type { PartyId, PrivateTensor } from '../core/tensors.js';
import type { Use } from '../material/correlation.js';
import { Demand } from '../material/demand.js';
import { TrafficCounter } from '../session/meter.js';
import { type CotUse, type CountedCotOptions, CountedCots } from './counted-cots.js';
import { CountedExchange } from './counted-exchange.js';
import { type CountedProductOptions, CountedProducts } from './counted-products.js';

export interface CountingOptions extends CountedCotOptions, CountedProductOptions {}

/** What was used, beyond messages. */
export interface CountedWork {
  /** Correlated OTs, both directions. */
  readonly cots: number;
  /** Homomorphic products by the packing's own model, one core, without their messages. */
  readonly productMilliseconds: number;
  /** Of weights that stay at the client, there. */
  readonly keptBytes: number;
}

async function alone(traffic: TrafficCounter, step: Required<Step>): Promise<void> {
  traffic.beginPipeline();
  await perform(step);
  traffic.endPipeline();
}

export class CountingContext {
  readonly traffic: TrafficCounter;
  /** COTs as protocols take them. */
  readonly cots: CotUse;
  readonly steps: Steps;
  readonly exchange: CountedExchange;
  readonly turns: Turns;
  readonly products: CountedProducts;
  /** In the order in which they were prepared. */
  readonly weights: Weight[];
  readonly factors: PrivateTensor[];
  /** Long tables that are read where vectors for them were made ahead. */
  readonly tables = new Set<LineTable>();
  readonly #counted: CountedCots;
  readonly #demand = new Demand();

  /** `whole`: what is counted here counts there too, but none of it is wanted ahead. */
  constructor(options: CountingOptions = {}, whole?: CountingContext) {
    const traffic = whole?.traffic ?? new TrafficCounter();
    this.traffic = traffic;
    this.#counted = whole ? whole.#counted : new CountedCots(traffic, options);
    this.cots = whole ? whole.#counted.beside : this.#counted;
    this.steps = whole?.steps ?? new Steps((step) => alone(traffic, step));
    this.exchange = new CountedExchange(traffic, this.cots, this.steps);
    this.turns = whole?.turns ?? new Turns();
    this.weights = whole?.weights ?? [];
    this.factors = whole?.factors ?? [];
    this.products =
      whole?.products ?? new CountedProducts(traffic, this.steps, { cots: DEFAULT_COTS, ...options });
    // The client's last message of the set-up.
    if (!whole) traffic.sent(0);
  }

  get work(): CountedWork {
    return {
      cots: this.#counted.taken,
      productMilliseconds: this.products.milliseconds,
      keptBytes: this.weights.reduce((sum, weight) => sum + this.products.keptBytesOf(weight), 0),
    };
  }

  /** What could be made ahead, as the two-party backend counts it. */
  get demand(): Demand {
    const { server, client } = this.#counted.wanted;
    return this.#demand.plus(
      Demand.of([
        [{ kind: 'cots', sender: 'server' }, server],
        [{ kind: 'cots', sender: 'client' }, client],
      ]),
    );
  }

  /** Of factors by which private products go; those that are met first are announced with it. */
  indexOfFactors(factors: PrivateTensor): number {
    const known = this.factors.indexOf(factors);
    return known >= 0 ? known : this.factors.push(factors) - 1;
  }

  /** What could be made ahead is wanted; COTs that protocols take besides go on counting as wanted. */
  want(use: Use): void {
    this.#demand.addAll(use);
  }

  /**
   * What a protocol uses of what can be made ahead. Its COTs count as wanted where nothing of it can be; else what pools hold is
   * wanted in their place.
   */
  use(use: Use, body: () => Promise<void>): Promise<void> {
    this.want(use);
    return use.length === 0 ? body() : this.cots.unwanted(body);
  }

  /** A protocol of its own name with equal jobs in both directions. */
  bothWays(name: string, job: CotJob): Promise<void> {
    if (job.messageBytes(job.items) === 0) return Promise.resolve();
    return protocol(name, () => this.exchange.both(job, job))();
  }

  /** One message each way. */
  inTurn(first: PartyId, sends: () => Promise<void>, receives: () => Promise<void>): Promise<void> {
    return this.steps.run(
      first === 'client' ? { begin: sends, finish: receives } : { begin: receives, answer: sends },
    );
  }
}
