import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { IdentityLimits } from '../../../inference/server/limits.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-limits-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 29, 10, 45);

describe('limits of an identity', () => {
  it('count texts by the hour and by the day, and say when to come again', async () => {
    let now = START;
    const limits = await IdentityLimits.open({ textsPerHour: 3, textsPerDay: 5, now: () => now });
    await limits.texts('token anna', 3);
    await expect(limits.texts('token anna', 1)).rejects.toMatchObject({
      ...{ kind: 'hourly', retryAfterSeconds: 15 * 60 },
      message: '3 texts an hour, 3 were used',
    });
    await limits.texts('token ben', 1);
    now += HOUR;
    await limits.texts('token anna', 2);
    await expect(limits.texts('token anna', 1)).rejects.toMatchObject({
      kind: 'daily',
      retryAfterSeconds: 12 * 3600 + 15 * 60,
    });
    now += 24 * HOUR;
    await limits.texts('token anna', 1);
  });

  it('count what is refused for nothing: a batch that does not fit leaves room for a text', async () => {
    const limits = await IdentityLimits.open({ textsPerDay: 5, now: () => START });
    await limits.texts('a', 4);
    await expect(limits.texts('a', 2)).rejects.toMatchObject({ kind: 'daily' });
    await limits.texts('a', 1);
  });

  it('bound connections at a time, and material by the hour', async () => {
    const limits = await IdentityLimits.open({ connections: 1, materialBytesPerHour: 10, now: () => START });
    const leave = await limits.connect('a');
    await expect(limits.connect('a')).rejects.toMatchObject({ kind: 'connections', retryAfterSeconds: 5 });
    await limits.connect('b');
    leave();
    leave();
    await limits.connect('a');
    await limits.material('a', 8);
    await expect(limits.material('a', 3)).rejects.toMatchObject({ kind: 'material' });
  });

  it('survive a restart where there is a file, which is refused if it is something else', async () => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'limits.json');
    const first = await IdentityLimits.open({ textsPerDay: 2, file, now: () => START });
    await first.texts('token anna', 2);
    await first.close();
    const second = await IdentityLimits.open({ textsPerDay: 2, file, now: () => START });
    await expect(second.texts('token anna', 1)).rejects.toMatchObject({ kind: 'daily' });
    writeFileSync(file, '{"format": "other"}');
    await expect(IdentityLimits.open({ file })).rejects.toThrow(/limits\.json: format/);
    writeFileSync(file, '{');
    await expect(IdentityLimits.open({ file })).rejects.toThrow(/limits\.json: expected a file of limits/);
  });

  it('are written under names that nobody can take first, and for the owner only', async () => {
    mkdirSync(folder, { recursive: true });
    const [file, others] = [join(folder, 'limits.json'), join(folder, 'others.txt')];
    rmSync(file, { force: true });
    writeFileSync(others, 'precious');
    for (const name of [`${file}.tmp`, `${file}.${process.pid}.tmp`]) symlinkSync(others, name);
    const limits = await IdentityLimits.open({ textsPerDay: 2, file, now: () => START });
    await limits.texts('token anna', 1);
    await limits.close();
    expect(readFileSync(others, 'utf8')).toBe('precious');
    expect(lstatSync(file).isFile()).toBe(true);
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
  });

  it('are kept again once the file can be written, after a time in which it could not', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'limits.json');
      const limits = await IdentityLimits.open({ textsPerDay: 2, file, now: () => START });
      rmSync(file, { force: true });
      mkdirSync(file);
      await limits.texts('token anna', 1);
      vi.runAllTimers();
      await expect(limits.close()).rejects.toThrow(/^[^:]*limits\.json: EISDIR/);
      rmdirSync(file);
      await limits.texts('token anna', 1);
      await limits.close();
    } finally {
      vi.useRealTimers();
    }
    const later = await IdentityLimits.open({
      textsPerDay: 2,
      file: join(folder, 'limits.json'),
      now: () => START,
    });
    await expect(later.texts('token anna', 1)).rejects.toMatchObject({ kind: 'daily' });
  });
});
