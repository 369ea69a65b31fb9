/** The result of one text as the client sees it; `infer --json` prints it as it is. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import { answerText, probabilitiesOf } from '../../model/outputs.js';
import type { AnswerKind, AnswerTerms } from '../core/answer.js';
import { type Cost, NO_COST, type SpanReport } from '../session/meter.js';
import type { LeakRecord } from '../session/session.js';
import type { LayerCounts, PartyResult } from './party.js';

export interface LayerReport extends LayerCounts {
  readonly milliseconds: number;
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
}

/** What all texts of a batch took together. */
export interface BatchReport {
  readonly size: number;
  readonly milliseconds: number;
  /** Both directions. */
  readonly bytes: number;
  readonly rounds: number;
}

export interface Classification {
  readonly text: string;
  readonly textPair: string | null;
  /** The class of the largest logit; of a multi-label model its likeliest label. */
  readonly label: number;
  /** The answer in words: see answerText. */
  readonly labelName: string;
  /** What the server gives; logits and probabilities are rounded to `answerBits` fraction bits. */
  readonly answer: AnswerKind;
  readonly answerBits: number;
  /** Null unless the answer has them. */
  readonly logits: readonly number[] | null;
  /** Of every label, none for a regression; of the logits if the answer has those, null if it has the label only. */
  readonly probabilities: readonly number[] | null;
  /** With special tokens, after truncation. */
  readonly tokens: number;
  /** Word pieces that did not fit into the model's longest input. */
  readonly truncatedTokens: number;
  readonly bucket: number;
  readonly layers: readonly LayerReport[];
  /**
   * Offline: what the set-up and material made ahead cost since the text before, whichever texts will use it. Of a text in a
   * batch: milliseconds and bytes are an even share, rounds those of the whole run.
   */
  readonly cost: Cost & { readonly offline: Cost };
  /** The protocol run that this text shared with others; absent where it had one of its own. */
  readonly batch?: BatchReport;
  readonly leaks: readonly LeakRecord[];
  /** What both sides call the run: the server's log has it too. Absent where there is no server. */
  readonly request?: string;
}

/** Which of how many texts of a batch. */
export interface BatchPlace {
  readonly index: number;
  readonly size: number;
}

const ALONE: BatchPlace = { index: 0, size: 1 };

/** An even share in whole numbers; the shares add up to the total. */
const share = (total: number, { index, size }: BatchPlace): number =>
  Math.floor((total * (index + 1)) / size) - Math.floor((total * index) / size);

/** Rounds are not divided: each text waits for all of them. */
export const shareOf = (
  { milliseconds, sentBytes, receivedBytes, rounds }: Cost,
  place: BatchPlace,
): Cost => ({
  milliseconds: milliseconds / place.size,
  sentBytes: share(sentBytes, place),
  receivedBytes: share(receivedBytes, place),
  rounds,
});

/**
 * The engine opens one span a layer: `layer0`, `layer1`, … In a batch every text opens its own, at the same time: the
 * time of a layer counts once for each.
 */
export function layerReports(
  counts: readonly LayerCounts[],
  report: SpanReport,
  place: BatchPlace = ALONE,
): LayerReport[] {
  return counts.map(({ kept, important }, layer) => {
    const span = report.children.find((child) => child.layer === layer);
    const { milliseconds, sentBytes, receivedBytes, rounds } = shareOf(span?.cost ?? NO_COST, place);
    const bytes = sentBytes + receivedBytes;
    return { kept, important, milliseconds: round(milliseconds / place.size), bytes, rounds };
  });
}

function batchReport({ cost }: SpanReport, { size }: BatchPlace): BatchReport {
  const { milliseconds, sentBytes, receivedBytes, rounds } = cost;
  return { size, milliseconds: round(milliseconds), bytes: sentBytes + receivedBytes, rounds };
}

const round = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

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
  readonly answer: AnswerTerms;
  readonly place?: BatchPlace;
  readonly request?: string;
}): Classification {
  const { model, result, report, offline, leaks, place = ALONE, ...text } = input;
  const { label, given, logits } = result;
  if (label === null) throw new Error('client: expected a label, got none');
  const { config } = model;
  const { milliseconds, sentBytes, receivedBytes, rounds } = shareOf(report.cost, place);
  return {
    text: text.text,
    textPair: text.textPair,
    label,
    labelName: answerText(config, { label, given, number: logits?.[0] }),
    answer: input.answer.kind,
    answerBits: input.answer.bits,
    logits,
    probabilities: result.probabilities ?? (logits && probabilitiesOf(config.problem, logits)),
    tokens: text.tokens,
    truncatedTokens: text.truncatedTokens,
    bucket: text.bucket,
    layers: layerReports(result.layers, report, place),
    cost: {
      milliseconds: round(milliseconds),
      sentBytes,
      receivedBytes,
      rounds,
      offline: {
        milliseconds: round(offline.milliseconds),
        sentBytes: offline.sentBytes,
        receivedBytes: offline.receivedBytes,
        rounds: offline.rounds,
      },
    },
    ...(place.size > 1 ? { batch: batchReport(report, place) } : {}),
    leaks,
    ...(input.request === undefined ? {} : { request: input.request }),
  };
}
