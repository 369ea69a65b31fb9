/** `demo`: a server process and a client process on this machine, a few sentences, and what it took. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { CotKind } from '../../inference/core/cot-kind.js';
import type { Classification } from '../../inference/run/classification.js';
import { taskName } from '../../model/task.js';
import { onInterrupt } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import { packageFile } from '../../util/package-file.js';
import { selfCommand } from '../../util/self-command.js';
import { defineCommand, type GlobalOptions, type OptionsOf } from '../command.js';
import { cotsOption } from '../model-options.js';
import { print } from '../output.js';
import { printClassification } from '../print-classification.js';

type DemoOptions = OptionsOf<typeof OPTIONS>;

const SENTENCES = [
  'a warm, funny and deeply moving film that stays with you',
  'the plot makes no sense and the jokes fall flat',
  'not nearly as bad as the trailer suggests , and often quite charming',
  'two hours of my life that i will never get back',
  'an uneven but rewarding piece of work with a terrific lead performance',
];

/** The client process: prints one classification a line as each is done. */
async function* classifyInProcess(
  port: number,
  artifactDigest: string,
  cots: CotKind,
): AsyncGenerator<Classification> {
  const command = selfCommand(
    ...['infer', '--connect', `127.0.0.1:${port}`, '--artifact-digest', artifactDigest],
    // Both parties are the user's own: any model may be looked at.
    ...['--opens', 'counts', '--cots', cots, '--file', '-', '--json', '--no-cache'],
  );
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const forgetCleanup = onInterrupt(() => void child.kill());
  let lastError = '';
  createInterface(child.stderr).on('line', (line) => {
    lastError = line;
  });
  child.stdin.end(SENTENCES.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  for await (const line of createInterface(child.stdout)) yield JSON.parse(line) as Classification;
  forgetCleanup();
  const code = await closed;
  if (code !== 0) throw new Error(lastError.replace(/^cipherprune: /, '') || `the client ended with ${code}`);
}

function printOpened(leaks: ReadonlySet<string>, declared: Readonly<Record<string, string>>): void {
  print('Everything that was opened, in all of this:');
  for (const leak of leaks) {
    const [name, to] = leak.split(' to ');
    print(`  ${name} (to ${to === 'all' ? 'both' : `the ${to}`}): ${declared[name!]}`);
  }
}

async function demo({ artifact, verbose, cots }: GlobalOptions & DemoOptions): Promise<void> {
  const { CleartextClassifier } = await import('../../inference/run/cleartext-classifier.js');
  const { startServerProcess } = await import('../../inference/server/server-process.js');
  const { DECLARED_LEAKS } = await import('../../inference/session/leaks.js');
  const plaintext = await CleartextClassifier.open(artifact);
  const { config } = plaintext.model;
  print(
    `Model: ${config.layers} layers, width ${config.hiddenSize}, ${config.heads} heads, task ${taskName(plaintext.model.task)}`,
  );
  const command = selfCommand('serve', '--artifact', artifact, '--port', '0', '--until-stdin-closes');
  const server = await startServerProcess(command, (line) => verbose && note(`server: ${line}`));
  const forgetCleanup = onInterrupt(() => server.stop());
  print(`Server process on 127.0.0.1:${server.port} holds the weights; the client process holds the texts.`);
  print();
  const leaks = new Set<string>();
  let different = 0;
  try {
    for await (const result of classifyInProcess(server.port, plaintext.digest, cots)) {
      const clear = await plaintext.classify(result);
      if (clear.label !== result.label) different++;
      printClassification(result, clear.labelName);
      for (const { name, to } of result.leaks) leaks.add(`${name} to ${to}`);
    }
  } finally {
    forgetCleanup();
    await server.stop();
  }
  printOpened(leaks, DECLARED_LEAKS);
  if (different > 0)
    throw new Error(`${different} of ${SENTENCES.length} labels differ from plaintext inference`);
  print(`All ${SENTENCES.length} labels are those of plaintext inference.`);
}

const OPTIONS = {
  artifact: {
    type: 'string',
    default: packageFile('data', 'demo-model'),
    defaultDescription: 'the shipped model',
    describe: 'Folder of an exported model',
  },
  cots: cotsOption,
} as const;

export const command = defineCommand({
  command: 'demo',
  describe: 'Classify a few sentences privately with the shipped model: two processes on this machine',
  options: OPTIONS,
  handler: demo,
});
