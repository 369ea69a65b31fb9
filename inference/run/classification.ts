/** The result of one text as the client sees it; `infer --json` prints it as it is (docs: command line). */
import type { PublicModel } from '../../model/artifact.js';
import { type Cost, NO_COST, type SpanReport } from '../session/meter.js';
import type { LeakRecord } from '../session/session.js';
import type { LayerCounts, PartyResult } from './party.js';

export interface LayerReport extends LayerCounts {
  readonly milliseconds: number;
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
}

export interface Classification {
  readonly text: string;
  readonly textPair: string | null;
  readonly label: number;
  readonly labelName: string;
  readonly logits: readonly number[];
  readonly probabilities: readonly number[];
  /** With special tokens, after truncation. */
  readonly tokens: number;
  /** Word pieces that did not fit into the model's longest input. */
  readonly truncatedTokens: number;
  readonly bucket: number;
  readonly layers: readonly LayerReport[];
  readonly cost: Cost & { readonly offline: Omit<Cost, 'rounds'> };
  readonly leaks: readonly LeakRecord[];
}

/** Index of the largest; the first of equals. */
export const argmax = (values: readonly number[]): number => values.indexOf(Math.max(...values));

export function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The engine opens one span a layer: `layer0`, `layer1`, … */
export function layerReports(counts: readonly LayerCounts[], report: SpanReport): LayerReport[] {
  return counts.map(({ kept, important }, layer) => {
    const span = report.children.find(({ name }) => name === `layer${layer}`);
    const { milliseconds, sentBytes, receivedBytes, rounds } = span?.cost ?? NO_COST;
    return { kept, important, milliseconds: round(milliseconds), bytes: sentBytes + receivedBytes, rounds };
  });
}

export const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

export function classificationOf(input: {
  readonly text: string;
  readonly textPair: string | null;
  readonly tokens: number;
  readonly truncatedTokens: number;
  readonly bucket: number;
  readonly model: PublicModel;
  readonly result: PartyResult;
  readonly report: SpanReport;
  readonly offline: Cost;
  readonly leaks: readonly LeakRecord[];
}): Classification {
  const { model, result, report, offline, leaks, ...text } = input;
  const logits = result.logits;
  if (!logits) throw new Error('client: expected logits, got none');
  const label = argmax(logits);
  const { milliseconds, sentBytes, receivedBytes, rounds } = report.cost;
  return {
    text: text.text,
    textPair: text.textPair,
    label,
    labelName: model.config.labels[label] ?? String(label),
    logits,
    probabilities: softmax(logits),
    tokens: text.tokens,
    truncatedTokens: text.truncatedTokens,
    bucket: text.bucket,
    layers: layerReports(result.layers, report),
    cost: {
      milliseconds: round(milliseconds),
      sentBytes,
      receivedBytes,
      rounds,
      offline: {
        milliseconds: round(offline.milliseconds),
        sentBytes: offline.sentBytes,
        receivedBytes: offline.receivedBytes,
      },
    },
    leaks,
  };
}
