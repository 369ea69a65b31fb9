/**
 * Thresholds that make a wanted schedule come out, found by running the cleartext backend once on the same input: where
 * pruning compares scores with thresholds, the run looks at the scores and picks thresholds that keep the wanted number.
 * Where scores are almost equal a neighbouring number is taken. The protocol itself runs unchanged afterwards; a score
 * that rounds differently there may keep one token more or less.
 */

import { kernels } from '#kernels';
import { CleartextBackend } from '../inference/backends/cleartext/cleartext-backend.js';
import { dataOf, type LocalBits, localBits } from '../inference/backends/local-backend.js';
import { FINEST_LOGITS } from '../inference/core/answer.js';
import { currentSpan, type Span, withSpan } from '../inference/core/span.js';
import type { SharedTensor } from '../inference/core/tensors.js';
import { openEngine } from '../inference/run/engine.js';
import type { LayerCounts } from '../inference/run/party.js';
import { bucketOf } from '../inference/run/request.js';
import { cipherPrune } from '../methods/cipherprune/index.js';
import { SCORE_FRACTION_BITS } from '../methods/cipherprune/thresholds.js';
import type { Method } from '../methods/method.js';
import type { Artifact } from '../model/artifact/artifact.js';
import { type LayerThresholds, meanOverHeads } from '../model/thresholds.js';
import { withThresholds } from './random-model.js';

/** Knows the names of the spans around it, and the layer. */
class NamedSpan implements Span {
  constructor(
    readonly path: readonly string[],
    readonly layer: number | null = null,
  ) {}

  child(name: string, layer?: number): NamedSpan {
    return new NamedSpan([...this.path, name], layer ?? this.layer);
  }

  end(): void {}
}

/** The layer whose pruning is running, or null. */
function pruningLayer(): number | null {
  const span = currentSpan();
  if (!(span instanceof NamedSpan) || !span.path.includes('prune')) return null;
  return span.layer;
}

/** Gaps that the secure run's rounding, summed over all heads and rows, hardly ever bridges. In units of the scores. */
const SAFE_GAP = 24;

/** The number to keep: the wanted one, or a neighbour if scores there are almost equal and the neighbour's are not. */
function separableCount(sorted: readonly number[], wanted: number): number {
  const gap = (kept: number) => (sorted[kept - 1] ?? Number.POSITIVE_INFINITY) - (sorted[kept] ?? 0);
  if (wanted === 0 || wanted === sorted.length || gap(wanted) >= SAFE_GAP) return wanted;
  const neighbours = [wanted, wanted + 1, wanted - 1].filter((kept) => kept > 0 && kept < sorted.length);
  return neighbours.reduce((best, kept) => (gap(kept) > gap(best) ? kept : best));
}

/** Between the last score that stays and the first that goes, in units of the scores; at least one. */
function cut(sorted: readonly number[], wanted: number): number {
  const kept = separableCount(sorted, wanted);
  if (kept === 0) return (sorted[0] ?? 0) + SAFE_GAP;
  return Math.max(1, Math.ceil((sorted[kept - 1]! + (sorted[kept] ?? 0)) / 2));
}

/** Overrides the comparison of scores; everything else is the cleartext backend. */
class ScheduledBackend extends CleartextBackend {
  /** In the scores' units: sums over heads. */
  readonly thresholds: LayerThresholds[] = [];

  constructor(
    readonly schedule: readonly number[],
    readonly importantRatio: number,
  ) {
    super();
  }

  /** x [tokens - 1, 2]: scores but [CLS]'s, minus the smallest threshold. */
  override async isNegative(x: SharedTensor): Promise<LocalBits> {
    const layer = pruningLayer();
    if (layer === null || x.shape.length !== 2 || x.shape[1] !== 2) return super.isNegative(x);
    const scores = new Float64Array(dataOf(x).length);
    kernels.ringToFloat(dataOf(x), x.ringBits, 0, scores);
    const sorted = [...scores].filter((_, at) => at % 2 === 0).sort((a, b) => b - a);
    const kept = Math.min(this.schedule[layer]! - 1, sorted.length);
    const limits = [cut(sorted, kept), cut(sorted, Math.ceil(kept * this.importantRatio))] as const;
    const unit = 2 ** -x.fractionBits;
    this.thresholds[layer] = { prune: (limits[0] + 1) * unit, reduce: (limits[1] + 1) * unit };
    const below = Uint8Array.from(scores, (score, at) => (score < limits[at % 2]! ? 1 : 0));
    return localBits(below, x.shape);
  }
}

export interface CleartextRun {
  readonly logits: readonly number[];
  readonly layers: readonly LayerCounts[];
  /** One a layer, on means over heads as artifacts hold them; null if nothing is pruned. */
  readonly thresholds: readonly LayerThresholds[] | null;
}

/** One unit of the scores' sum over heads: the least that the first layer's threshold may be. */
const SMALLEST: LayerThresholds = { prune: 2 ** -SCORE_FRACTION_BITS, reduce: 2 ** -SCORE_FRACTION_BITS };

/** The last layer prunes nothing; its thresholds are never used. */
function perHead(artifact: Artifact, found: readonly LayerThresholds[]): LayerThresholds[] {
  const { heads, layers } = artifact.public.config;
  return Array.from({ length: layers }, (_, layer) => {
    return meanOverHeads(found[layer] ?? SMALLEST, heads);
  });
}

/** One text in the clear; `artifact` has no thresholds. `importantRatio`: share of kept tokens that stay in high degree. */
export async function runWithSchedule(
  artifact: Artifact,
  ids: readonly number[],
  schedule: readonly number[] | null,
  importantRatio: number,
  method: Method = cipherPrune,
): Promise<CleartextRun> {
  const text = { ids, tokenTypes: ids.map(() => 0) };
  const backend = schedule ? new ScheduledBackend(schedule, importantRatio) : new CleartextBackend();
  const model = schedule ? withThresholds(artifact, perHead(artifact, []), method) : artifact;
  const party = await openEngine(backend, model, FINEST_LOGITS);
  const run = () => party.classify(text, bucketOf(ids.length));
  const { logits, layers } = await withSpan(new NamedSpan([]), run);
  if (!logits) throw new Error('cleartext: expected logits, got none');
  const thresholds = backend instanceof ScheduledBackend ? perHead(artifact, backend.thresholds) : null;
  return { logits, layers, thresholds };
}
