/** A client of three nodes for a command: of given ones, or of three that are started here as processes of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnswerTerms } from '../inference/core/answer.js';
import type { Suite } from '../inference/core/suite.js';
import type { Openings } from '../inference/run/openings.js';
import type { Address, Certificates } from '../inference/three-party/links.js';
import type { NodesClient } from '../inference/three-party/nodes-client.js';
import { defaultCacheFolder } from '../model/public-cache-folder.js';
import { freeNodes } from '../util/free-addresses.js';
import { onInterrupt } from '../util/interrupt.js';
import { note } from '../util/note.js';
import { selfCommand } from '../util/self-command.js';

type Three = readonly [Address, Address, Address];

export interface NodesTarget {
  /** The nodes to connect to; null: start three here with `artifact`. */
  readonly nodes: Three | null;
  readonly artifact?: string | undefined;
  readonly certificates: Certificates | null;
  readonly insecurePlain: boolean;
  readonly timeoutSeconds: number;
  readonly answer: AnswerTerms;
  /** Of all that is started here; of a client by itself what it is fast with, unless given. */
  readonly suite?: Suite | undefined;
  /** The most that the model may open to the nodes. */
  readonly opens: Openings;
  /** Keep the public part that nodes send. */
  readonly cache: boolean;
  readonly verbose: boolean;
}

async function startNodes({ artifact, suite, timeoutSeconds, verbose }: NodesTarget) {
  const { readArtifact } = await import('../model/artifact/artifact-file.js');
  const { shareModel } = await import('../inference/three-party/share-model.js');
  const { startServerProcess } = await import('../inference/server/server-process.js');
  const folder = await mkdtemp(join(tmpdir(), 'cipherprune-nodes-'));
  const processes: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((one) => one.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await shareModel(await readArtifact(artifact!), join(folder, 'shares'), suite);
    const nodes = await freeNodes();
    const peers = nodes.map(({ host, port }) => `${host}:${port}`).join(',');
    for (const node of [0, 1, 2]) {
      const command = selfCommand(
        'serve-node',
        ...['--shares', join(folder, 'shares', String(node)), '--peers', peers],
        ...['--timeout', String(timeoutSeconds), '--until-stdin-closes'],
      );
      processes.push(await startServerProcess(command, (line) => verbose && note(`node ${node}: ${line}`)));
    }
    return { nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs `body` with a client that is connected; ends everything afterwards, whatever happens. */
export async function withNodes<T>(
  target: NodesTarget,
  body: (client: NodesClient) => Promise<T>,
): Promise<T> {
  const { connectNodes } = await import('../inference/three-party/connect-nodes.js');
  const local = target.nodes ? null : await startNodes(target);
  const forgetCleanup = onInterrupt(() => local?.stop());
  try {
    await using client = await connectNodes({
      nodes: target.nodes ?? local!.nodes,
      certificates: target.certificates,
      insecurePlain: target.insecurePlain,
      timeoutMilliseconds: target.timeoutSeconds * 1_000,
      answer: target.answer,
      suite: target.suite,
      opens: target.opens,
      cacheFolder: target.nodes && target.cache ? defaultCacheFolder() : null,
    });
    return await body(client);
  } finally {
    forgetCleanup();
    await local?.stop();
  }
}
