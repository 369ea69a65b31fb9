import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../../training/loop/progress.js';
import { EventFile, tensorBoard } from '../../../training/loop/tensorboard.js';
import { crc32c } from '../../../util/crc32c.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** By the definition: division by the polynomial, a bit at a time, most significant bit first on reflected bytes. */
function slowCrc(bytes: Uint8Array): number {
  const reflect = (value: number, bits: number): bigint =>
    Array.from({ length: bits }, (_, i) => BigInt((value >>> i) & 1)).reduce(
      (all, bit) => all * 2n + bit,
      0n,
    );
  let remainder = 0xffffffffn;
  for (const byte of bytes) {
    remainder ^= reflect(byte, 8) << 24n;
    for (let i = 0; i < 8; i++) {
      remainder <<= 1n;
      if (remainder >> 32n) remainder ^= 0x11edc6f41n;
    }
  }
  return Number(reflect(Number(remainder ^ 0xffffffffn), 32));
}

interface Field {
  readonly number: number;
  readonly value: number | Buffer;
}

/** Any protocol buffer, without knowing its fields. */
function decode(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const number = key >> 3;
    const kind = key & 7;
    if (kind === 0) {
      fields.push({ number, value: varint() });
      continue;
    }
    const length = kind === 1 ? 8 : kind === 5 ? 4 : varint();
    const content = bytes.subarray(at, at + length);
    at += length;
    const value = kind === 1 ? content.readDoubleLE() : kind === 5 ? content.readFloatLE() : content;
    fields.push({ number, value });
  }
  return fields;
}

const only = (fields: readonly Field[], number: number) => fields.find((one) => one.number === number)?.value;

function readRecords(file: Buffer): Buffer[] {
  const unmask = (masked: number): number => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated << 15) | (rotated >>> 17)) >>> 0;
  };
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const header = file.subarray(at, at + 8);
    const length = Number(header.readBigUInt64LE());
    expect(unmask(file.readUInt32LE(at + 8))).toBe(slowCrc(header));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmask(file.readUInt32LE(at + 12 + length))).toBe(slowCrc(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

describe('event files', () => {
  it('have the checksum that the standard gives as an example', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(slowCrc(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('give back version, times, steps, names and numbers', () => {
    const file = new EventFile(folder, 1_700_000_000_250);
    file.write(300, { 'train/loss': 0.625, 'train/accuracy': null, 'dev/f1': -1.5 }, 1_700_000_001_500);
    file.write(2 ** 40, { größe: 3 }, 1_700_000_002_000);
    file.write(5, { nothing: null });
    const events = readRecords(readFileSync(file.path)).map(decode);
    expect(events).toHaveLength(3);
    expect(only(events[0]!, 1)).toBe(1_700_000_000.25);
    expect(String(only(events[0]!, 3))).toBe('brain.Event:2');
    const values = events.slice(1).map((event) =>
      decode(only(event, 5) as Buffer).map(({ number, value }) => {
        const scalar = decode(value as Buffer);
        return [number, String(only(scalar, 1)), only(scalar, 2)];
      }),
    );
    expect(events.slice(1).map((event) => [only(event, 1), only(event, 2)])).toEqual([
      [1_700_000_001.5, 300],
      [1_700_000_002, 2 ** 40],
    ]);
    expect(values).toEqual([
      [
        [1, 'train/loss', 0.625],
        [1, 'dev/f1', -1.5],
      ],
      [[1, 'größe', 3]],
    ]);
  });

  it('count steps on over the phases, also in a run that went on in a later one', () => {
    const directory = join(folder, 'resumed');
    const board = tensorBoard(directory);
    const evaluation = { step: 7, metrics: {}, loss: 1, meanKeptRatio: 1 } as EvaluationReport;
    board.phase('soft', 100, 40, 300);
    board.evaluation(evaluation);
    board.phase('hard', 100, 0, 320);
    board.evaluation(evaluation);
    const [file] = readdirSync(directory);
    const steps = readRecords(readFileSync(join(directory, file!))).map((data) => only(decode(data), 2));
    expect(steps).toEqual([0, 307, 327]);
  });
});
