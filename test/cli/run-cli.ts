/** Runs the command line: within this process for speed, or as a process of its own where signals and exits matter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { runCommandLine } from '../../cli/run.js';
import { ending } from '../support/child-processes.js';
import { compiledFile } from '../support/compiled.js';

/** Nothing that a user has cached or remembered of servers is read, and nothing is left there. */
const cache = mkdtempSync(join(tmpdir(), 'cipherprune-cache-'));
process.env.XDG_CACHE_HOME = cache;
afterAll(() => rmSync(cache, { recursive: true, force: true }));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In this process, with both streams captured. */
export async function runHere(...args: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    });
  const spies = [capture('stdout'), capture('stderr')];
  try {
    const code = await runCommandLine(args);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export interface StartedProcess {
  readonly child: ChildProcess;
  /** Resolves when standard output has a line that matches. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** The same of standard error. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  readonly outcome: Promise<Outcome>;
}

/** As a process of its own. */
export function start(...args: readonly string[]): StartedProcess {
  const child = ending(
    spawn(process.execPath, [compiledFile('cli', 'main.js'), ...args], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    written.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    written.stderr += chunk;
  });
  const outcome = new Promise<Outcome>((resolve) =>
    child.once('close', (code) => resolve({ code, ...written })),
  );
  async function found(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(written[stream]);
      if (match) return match;
      const ended = await Promise.race([
        outcome,
        new Promise<null>((resolve) => setTimeout(() => resolve(null), 20)),
      ]);
      if (ended) throw new Error(`ended with ${ended.code} before ${pattern}: ${ended.stderr}`);
    }
  }
  return {
    child,
    outcome,
    line: (pattern) => found('stdout', pattern),
    logged: (pattern) => found('stderr', pattern),
  };
}
