/** What `bench service` measures: a server as a process of its own, and texts of which the right labels are known. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { classify, readArtifact } from '../../api/classify.js';
import { selfCommand } from '../../util/self-command.js';

const TEXTS = [
  'a warm, funny and deeply moving film',
  'dull, and far too long',
  'it has its moments',
  'the worst two hours of the year',
  'a small wonder',
  'nothing in it works, and nobody seems to mind',
];

/** A text and the label that cleartext inference gives, whose integers private inference has. */
export interface KnownText {
  readonly text: string;
  readonly label: number;
}

export async function knownTexts(artifact: string): Promise<KnownText[]> {
  const parts = await readArtifact(artifact);
  const labels = await Promise.all(TEXTS.map(async (text) => (await classify(parts, text)).label));
  return TEXTS.map((text, i) => ({ text, label: labels[i]! }));
}

export interface Subject {
  readonly child: ChildProcess;
  readonly port: number;
  /** Its last lines of log, for what went wrong. */
  readonly log: readonly string[];
  /** Resident bytes of the process, or of all its workers. */
  memoryBytes(): Promise<number>;
  /** → exit code; null if a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const LOG_LINES = 200;
const MEMORY = /^cipherprune_process_resident_memory_bytes(?:\{[^}]*\})? (\d+)/gm;

/** Starts `serve` on free ports, with these options more. */
export async function startSubject(artifact: string, options: readonly string[] = []): Promise<Subject> {
  const command = selfCommand(
    'serve',
    // It ends with this process, whatever ends that.
    ...['--artifact', artifact, '--port', '0', '--http', '0', '--log-level', 'info', '--until-stdin-closes'],
    ...options,
  );
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const log: string[] = [];
  let found: (port: number) => void = () => undefined;
  const http = new Promise<number>((resolve) => {
    found = resolve;
  });
  createInterface(child.stderr).on('line', (line) => {
    log.push(line);
    if (log.length > LOG_LINES) log.shift();
    const match = /metrics: http:\/\/[^/]*:(\d+)\//.exec(line);
    if (match) found(Number(match[1]));
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const match = /^listening on .*:(\d+)$/.exec(line);
      if (match) resolve(Number(match[1]));
    });
    exited.then(() => reject(new Error(`the server ended: ${log.at(-1) ?? 'it said nothing'}`)), reject);
  });
  const httpPort = await http;
  return {
    ...{ child, port, log },
    async memoryBytes() {
      const text = await fetch(`http://127.0.0.1:${httpPort}/metrics`).then((response) => response.text());
      return [...text.matchAll(MEMORY)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}
