/**
 * A run's numbers as an event file that TensorBoard reads. No library that is kept up writes these files without TensorFlow: a
 * record is a length, a message of three protocol buffers and two checksums (tensorflow/core/lib/io/record_writer.h, event.proto).
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { hasMasks } from '../../config/schema.js';
import { crc32c } from '../../util/crc32c.js';
import type { EvaluationReport, Listener, StepReport } from './progress.js';

/** Wire types of protocol buffers. */
const VARINT = 0;
const DOUBLE = 1;
const BYTES = 2;
const FLOAT = 5;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}

const field = (number: number, type: number, content: ArrayLike<number>): number[] => [
  ...varint(number * 8 + type),
  ...(type === BYTES ? varint(content.length) : []),
  ...Array.from(content),
];
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function little(write: (view: DataView) => void, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return new Uint8Array(view.buffer);
}

/** Event: wall_time = 1, step = 2, file_version = 3, summary = 5. seconds: since 1970 */
const event = (seconds: number, step: number, rest: readonly number[]): Uint8Array =>
  Uint8Array.from([
    ...field(
      1,
      DOUBLE,
      little((view) => view.setFloat64(0, seconds, true), 8),
    ),
    ...field(2, VARINT, varint(step)),
    ...rest,
  ]);

/** Summary: value = 1; Summary.Value: tag = 1, simple_value = 2. */
const scalar = (tag: string, value: number): number[] =>
  field(1, BYTES, [
    ...field(1, BYTES, text(tag)),
    ...field(
      2,
      FLOAT,
      little((view) => view.setFloat32(0, value, true), 4),
    ),
  ]);

/** Checksums are rotated and shifted, so that one of data with checksums in them is no special case. */
function checksum(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  return little((view) => view.setUint32(0, masked, true), 4);
}

/** length, its checksum, data, their checksum */
function record(data: Uint8Array): Uint8Array {
  const length = little((view) => view.setBigUint64(0, BigInt(data.length), true), 8);
  return Uint8Array.from([...length, ...checksum(length), ...data, ...checksum(data)]);
}

/** Scalars by step, in a file of its own in `directory`; made with the first of them, since a run that begins clears its folder. */
export class EventFile {
  readonly path: string;
  readonly #directory: string;
  readonly #begun: number;
  #isThere = false;

  constructor(directory: string, now = Date.now()) {
    this.#directory = directory;
    this.#begun = now / 1000;
    this.path = join(directory, `events.out.tfevents.${Math.floor(now / 1000)}.${hostname()}.${process.pid}`);
  }

  #begin(): void {
    mkdirSync(this.#directory, { recursive: true });
    appendFileSync(this.path, record(event(this.#begun, 0, field(3, BYTES, text('brain.Event:2')))));
    this.#isThere = true;
  }

  write(step: number, scalars: Readonly<Record<string, number | null>>, now = Date.now()): void {
    const values = Object.entries(scalars).flatMap(([tag, value]) =>
      value === null ? [] : scalar(tag, value),
    );
    if (values.length === 0) return;
    if (!this.#isThere) this.#begin();
    appendFileSync(this.path, record(event(now / 1000, step, field(5, BYTES, values))));
  }
}

const perLayer = (name: string, values: readonly number[]): [string, number][] =>
  values.map((value, layer) => [`${name}/layer${layer}`, value]);

/** Writes what a run reports; steps count on over the phases. */
export function tensorBoard(directory: string): Pick<Listener, 'step' | 'evaluation' | 'phase'> {
  const file = new EventFile(directory);
  let before = 0;
  const at = (step: number): number => before + step;
  return {
    phase(_name, _examples, _done, stepsBefore) {
      before = stepsBefore;
    },
    step({
      step,
      loss,
      taskLoss,
      accuracy,
      learningRate,
      gradientNorm,
      lambda,
      kept,
      thresholds,
      phase,
    }: StepReport) {
      const layers = hasMasks(phase) ? perLayer('kept', kept) : [];
      const learned = thresholds?.flatMap(({ prune, reduce }, layer) => [
        [`threshold-prune/layer${layer}`, prune] as const,
        [`threshold-reduce/layer${layer}`, reduce] as const,
      ]);
      const scalars = { 'train/loss': loss, 'train/task-loss': taskLoss, 'train/accuracy': accuracy };
      const control = {
        'rate/learning-rate': learningRate,
        'rate/gradient-norm': gradientNorm,
        'rate/lambda': lambda,
      };
      file.write(at(step), {
        ...scalars,
        ...control,
        ...Object.fromEntries([...layers, ...(learned ?? [])]),
      });
    },
    evaluation({ step, metrics, loss, meanKeptRatio }: EvaluationReport) {
      const scores = Object.entries(metrics).map(([name, value]) => [`dev/${name}`, value] as const);
      file.write(at(step), { 'dev/loss': loss, 'dev/kept': meanKeptRatio, ...Object.fromEntries(scores) });
    },
  };
}
