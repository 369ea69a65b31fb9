/** Homomorphic products by shapes: their messages, and the time of one core that the layouts' own model gives them. */
import type { Weight } from '../backends/backend.js';
import type { MatmulShape } from '../backends/two-party/linear/linear-protocols.js';
import { type CrossTerm, crossTerms } from '../backends/two-party/products/matmul.js';
import type { Steps } from '../backends/two-party/context/steps.js';
import type { CotKind } from '../core/cot-kind.js';
import { DEFAULT_LINE, type LineSpeed } from '../core/line-speed.js';
import type { PartyId } from '../core/tensors.js';
import { residentPreset } from '../crypto/resident/parameters.js';
import {
  isCheaper,
  layoutToStay,
  type ResidentLayout,
  residentMilliseconds,
  weightBytes,
} from '../crypto/resident/resident-layout.js';
import { productBytes } from '../crypto/resident/resident-product.js';
import {
  type CostModel,
  costModels,
  defaultCostModel,
  estimatedMilliseconds,
  inputBytes,
  Layouts,
  outputBytes,
  type ProductShape,
} from '../crypto/rlwe/packed-layout.js';
import { type RlweParameters, standardPreset } from '../crypto/rlwe/parameters.js';
import type { TrafficCounter } from '../session/meter.js';

/** A search that is the same in every text. */
const LAYOUTS = new Map<RlweParameters, Map<CostModel, Layouts>>();

function layoutsBy(parameters: RlweParameters, cost: CostModel): Layouts {
  const byCost = LAYOUTS.get(parameters) ?? new Map<CostModel, Layouts>();
  LAYOUTS.set(parameters, byCost);
  const layouts = byCost.get(cost) ?? new Layouts(parameters, cost);
  byCost.set(cost, layouts);
  return layouts;
}

export interface CountedProductOptions {
  /** As in LinearOptions. */
  readonly parameters?: RlweParameters;
  /** The client has the weights that can stay there, for rows in this ring. */
  readonly residentRingBits?: number;
  /** As in LinearOptions. */
  readonly mutual?: boolean;
  /** Fast unless given. */
  readonly line?: LineSpeed;
}

export class CountedProducts {
  readonly #traffic: TrafficCounter;
  readonly #steps: Steps;
  readonly #layouts: Layouts;
  readonly #residentRingBits: number | undefined;
  readonly #mutual: boolean;
  #milliseconds = 0;

  constructor(
    traffic: TrafficCounter,
    steps: Steps,
    options: CountedProductOptions & { readonly cots: CotKind },
  ) {
    this.#traffic = traffic;
    this.#steps = steps;
    this.#residentRingBits = options.residentRingBits;
    this.#layouts = layoutsBy(
      options.parameters ?? standardPreset,
      costModels[options.line ?? DEFAULT_LINE][options.cots],
    );
    this.#mutual = options.mutual ?? true;
  }

  /** So far, without messages. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** Of one weight at the client; 0 where it does not stay there. */
  keptBytesOf({ inputs, outputs }: Weight): number {
    const ringBits = this.#residentRingBits;
    const layout =
      ringBits === undefined ? null : layoutToStay(residentPreset, { inputs, outputs, ringBits });
    return layout ? weightBytes(layout) : 0;
  }

  /** Rows by a weight: by the copy that stays at the client, where there is one and it is cheaper. */
  linear(shape: ProductShape): Promise<void> {
    const resident = this.#residentLayoutOf(shape);
    if (resident) return this.#residentProduct(resident, shape.rows);
    return this.#packed([{ encrypts: 'client', layout: this.#layouts.of(shape) }]);
  }

  /** Of shared matrices. */
  matmul(shape: MatmulShape): Promise<void> {
    return this.#packed(crossTerms(this.#layouts, shape, this.#mutual));
  }

  /** To the peer: encrypted rows; back: encrypted products. */
  async #packed(terms: readonly Pick<CrossTerm, 'encrypts' | 'layout'>[]): Promise<void> {
    const layoutsOf = (party: PartyId) =>
      terms.flatMap(({ encrypts, layout }) => (encrypts === party ? [layout] : []));
    const [own, peers] = [layoutsOf('client'), layoutsOf('server')];
    await this.#steps.run({
      begin: async () => {
        for (const layout of own) this.#traffic.sent(inputBytes(layout));
        for (const layout of peers) this.#traffic.received(inputBytes(layout));
      },
      answer: async () => {
        for (const layout of peers) this.#traffic.sent(outputBytes(layout));
      },
      finish: async () => {
        for (const layout of own) this.#traffic.received(outputBytes(layout));
      },
    });
    const free = { ...defaultCostModel, bytesPerMillisecond: Number.POSITIVE_INFINITY };
    for (const { layout } of terms) this.#milliseconds += estimatedMilliseconds(layout, free);
  }

  #residentLayoutOf(shape: ProductShape): ResidentLayout | null {
    if (shape.ringBits !== this.#residentRingBits) return null;
    const layout = layoutToStay(residentPreset, shape);
    return layout && isCheaper(layout, this.#layouts.of(shape), this.#layouts.cost) ? layout : null;
  }

  /** Client → server: one message. */
  async #residentProduct(layout: ResidentLayout, rows: number): Promise<void> {
    await this.#steps.run({
      begin: () => void this.#traffic.sent(productBytes(layout, rows)),
    });
    this.#milliseconds += residentMilliseconds(layout, rows);
  }
}
