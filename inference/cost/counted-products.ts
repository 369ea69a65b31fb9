/** Homomorphic products by shapes: their messages, and the time of one core that the layouts' own model gives them. */
import type { Weight } from '../backends/backend.js';
import type { Steps } from '../backends/two-party/context/steps.js';
import type { CotKind } from '../core/cot-kind.js';
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
  chooseLayout,
  costModels,
  defaultCostModel,
  estimatedMilliseconds,
  outputBytes,
  type PackedLayout,
  type ProductShape,
} from '../crypto/rlwe/packed-layout.js';
import { encryptedBytes } from '../crypto/rlwe/packed-product.js';
import { standardPreset } from '../crypto/rlwe/parameters.js';
import type { TrafficCounter } from '../session/meter.js';

/** Layouts by shape: a search that is the same in every layer and every text. */
const layouts = new Map<string, PackedLayout>();

function layoutOf(shape: ProductShape, cots: CotKind): PackedLayout {
  const key = [cots, ...Object.values(shape)].join();
  let layout = layouts.get(key);
  if (!layout) {
    layout = chooseLayout(standardPreset, shape, costModels[cots]);
    layouts.set(key, layout);
  }
  return layout;
}

export class CountedProducts {
  readonly #traffic: TrafficCounter;
  readonly #steps: Steps;
  readonly #cots: CotKind;
  readonly #residentRingBits: number | undefined;
  #milliseconds = 0;

  /** `residentRingBits`: the client has the weights that can stay there, for rows in this ring. */
  constructor(traffic: TrafficCounter, steps: Steps, cots: CotKind, residentRingBits: number | undefined) {
    this.#traffic = traffic;
    this.#steps = steps;
    this.#cots = cots;
    this.#residentRingBits = residentRingBits;
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
    return resident ? this.#residentProduct(resident, shape.rows) : this.packed([shape]);
  }

  /** Client → server: encrypted rows; back: encrypted products. */
  async packed(shapes: readonly ProductShape[]): Promise<void> {
    const used = shapes.map((shape) => layoutOf(shape, this.#cots));
    await this.#steps.run({
      begin: async () => {
        for (const layout of used) this.#traffic.sent(encryptedBytes(layout));
      },
      finish: async () => {
        for (const layout of used) this.#traffic.received(outputBytes(layout));
      },
    });
    const free = { ...defaultCostModel, bytesPerMillisecond: Number.POSITIVE_INFINITY };
    for (const layout of used) this.#milliseconds += estimatedMilliseconds(layout, free);
  }

  #residentLayoutOf(shape: ProductShape): ResidentLayout | null {
    if (shape.ringBits !== this.#residentRingBits) return null;
    const layout = layoutToStay(residentPreset, shape);
    return layout && isCheaper(layout, layoutOf(shape, this.#cots), costModels[this.#cots]) ? layout : null;
  }

  /** Client → server: one message. */
  async #residentProduct(layout: ResidentLayout, rows: number): Promise<void> {
    await this.#steps.run({
      begin: () => void this.#traffic.sent(productBytes(layout, rows)),
    });
    this.#milliseconds += residentMilliseconds(layout, rows);
  }
}
