/**
 * A schedule from learned thresholds: for every padded length and layer a quantile of how many tokens the thresholds keep. Its numbers
 * are public; they say of the texts that it was measured on that many keep no more.
 */
import type { LayerSchedule, Schedule } from '../../model/artifact/schedule.js';
import { bucketOf, bucketsUpTo } from '../../model/padded-length.js';

/** What thresholds keep of one text, by layer. */
export interface CountedText {
  readonly tokens: number;
  readonly kept: readonly number[];
  readonly important: readonly number[];
}

/** With fewer texts of a padded length a quantile says little: then shares of the length count, over all texts. */
const FEWEST_TEXTS = 20;

/** The least value that a share `quantile` of them does not exceed. */
function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(quantile * sorted.length) - 1))]!;
}

function layerCount(
  texts: readonly CountedText[],
  bucket: number,
  quantile: number,
  countOf: (text: CountedText) => number,
): number {
  const own = texts.filter(({ tokens }) => bucketOf(tokens) === bucket);
  if (own.length >= FEWEST_TEXTS) return quantileOf(own.map(countOf), quantile);
  const share = quantileOf(
    texts.map((text) => countOf(text) / text.tokens),
    quantile,
  );
  return Math.ceil(share * bucket);
}

/** → for every padded length up to `maxTokens` the layers that prune; no layer keeps more than the one before */
export function measureSchedule(
  texts: readonly CountedText[],
  maxTokens: number,
  quantile: number,
): Schedule {
  if (texts.length === 0) throw new Error('schedule: expected texts to measure on, got none');
  const layers = Math.max(0, texts[0]!.kept.length - 1);
  return bucketsUpTo(maxTokens).map((tokens) => {
    const counts: LayerSchedule[] = [];
    let most = tokens;
    for (let layer = 0; layer < layers; layer++) {
      const count = (of: 'kept' | 'important') =>
        layerCount(texts, tokens, quantile, (text) => text[of][layer]!);
      const kept = Math.min(most, count('kept'));
      counts.push({ kept, important: Math.min(kept, count('important')) });
      most = kept;
    }
    return { tokens, layers: counts };
  });
}

/** Of the tokens of texts, mean over texts and pruning layers. */
export interface KeptShares {
  readonly byThresholds: number;
  readonly bySchedule: number;
}

/** Null where no layer prunes. */
export function keptShares(texts: readonly CountedText[], schedule: Schedule): KeptShares | null {
  const lengths = new Map(schedule.map(({ tokens, layers }) => [tokens, layers]));
  let [byThresholds, bySchedule, all] = [0, 0, 0];
  for (const { tokens, kept } of texts)
    lengths.get(bucketOf(tokens))!.forEach((layer, at) => {
      byThresholds += kept[at]! / tokens;
      bySchedule += Math.min(tokens, layer.kept) / tokens;
      all++;
    });
  return all === 0 ? null : { byThresholds: byThresholds / all, bySchedule: bySchedule / all };
}
