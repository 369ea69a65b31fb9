/** Programs run as a user would: without what the test runner says to npm and Node, and with a compiler or without. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment as it was before this test runner and npm added to it. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const own = /^(npm_|NODE_OPTIONS|VITEST|CIPHERPRUNE|CXX$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

export interface Place {
  readonly cwd: string;
  /** Folders of programs; those of this process unless given. */
  readonly path?: string;
}

/** Runs a program; a failing one is an answer too. */
export async function run({ cwd, path }: Place, command: string, ...args: readonly string[]): Promise<Ended> {
  const env = { ...plainEnvironment(), ...(path === undefined ? {} : { PATH: path }) };
  const ended = await promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 1 << 26 }).catch(
    (error) => error,
  );
  return { code: ended.code ?? 0, stdout: ended.stdout, stderr: ended.stderr };
}

export async function succeed(place: Place, command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(place, command, ...args);
  expect(code, `${command} ${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** What a machine has that nobody compiles on: Node, git, and the few programs that npm's scripts call. */
const PROGRAMS = [
  'node',
  'npm',
  'npx',
  'git',
  'sh',
  'env',
  'chmod',
  'mkdir',
  'rm',
  'uname',
  'dirname',
  'basename',
  'sed',
];

/** Where it is on PATH. */
const find = (program: string): string | undefined =>
  process.env
    .PATH!.split(delimiter)
    .map((place) => join(place, program))
    .find((path) => existsSync(path));

export const hasPrograms = (...programs: readonly string[]): boolean =>
  programs.every((program) => find(program) !== undefined);

/** A folder of links to these alone, as PATH. */
export function pathWithoutCompiler(folder: string): string {
  mkdirSync(folder);
  for (const program of PROGRAMS) {
    const found = find(program);
    if (found === undefined) throw new Error(`expected ${program} on PATH`);
    symlinkSync(found, join(folder, program));
  }
  return folder;
}
