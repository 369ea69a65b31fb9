/** A connected client for a command: to a given server, or to one that is started here as a process of its own. */

import { connect } from '../api/connect.js';
import type { LastingClient } from '../inference/client/lasting-client.js';
import type { NewServer } from '../inference/client/open-client.js';
import type { AnswerKind, AnswerTerms } from '../inference/core/answer.js';
import type { CotKind } from '../inference/core/cot-kind.js';
import type { LineWish } from '../inference/core/line-speed.js';
import type { MultiplyingParties } from '../inference/core/mutual.js';
import type { Suite } from '../inference/core/suite.js';
import type { Wait } from '../inference/net/notice.js';
import type { ClientTls } from '../inference/net/tls.js';
import type { Openings } from '../inference/run/openings.js';
import type { TokenizerLibrary } from '../model/tokenizer/tokenizer-library.js';
import { onInterrupt } from '../util/interrupt.js';
import { checkWritable } from '../util/make-directory.js';
import { note } from '../util/note.js';
import { selfCommand } from '../util/self-command.js';

export interface ClientTarget {
  /** The server to connect to; null: start one here with `artifact`. */
  readonly address: { readonly host: string; readonly port: number } | { readonly url: string } | null;
  readonly tls?: ClientTls | undefined;
  readonly token?: string | undefined;
  readonly artifact?: string | undefined;
  readonly modelDigest?: string | undefined;
  /** The one of this name, where a server has several. */
  readonly model?: string | undefined;
  /** Connections to a given server that may break; none unless given. */
  readonly reconnects?: number | undefined;
  /** Accept and remember that a server's model is another than before. */
  readonly acceptChangedModel?: boolean | undefined;
  /** A server that is started here keeps the word table secret. */
  readonly privateEmbedding: boolean;
  readonly timeoutSeconds: number;
  readonly cache: boolean;
  readonly cots?: CotKind;
  /** Both parties show that they keep to the OT extension's protocol. */
  readonly checks?: boolean;
  /** Only this symmetric cryptography; what fits both ends unless given. */
  readonly suite?: Suite | undefined;
  readonly multiply?: MultiplyingParties | undefined;
  /** How fast the line to the server is; measured unless given. */
  readonly line?: LineWish | undefined;
  /** What the client wants to be told; all that the server gives unless given. */
  readonly answer?: AnswerKind | undefined;
  /** The most that a server's model may open; a server that is started here may open anything. */
  readonly opens?: Openings | undefined;
  /** Folder that keeps a given server's weights, encrypted. */
  readonly residentWeights?: string | undefined;
  /** Whose code splits texts; ours unless given. */
  readonly tokenizerLibrary?: TokenizerLibrary | undefined;
  /** What a server that is started here gives; its default unless given. */
  readonly serverAnswer?: AnswerTerms | undefined;
  /** File in which what is left of the material stays until the next time. */
  readonly pool?: string | undefined;
  /** A server that is started here keeps its part in this folder. */
  readonly pools?: string | undefined;
  /** What a server that is started here keeps made ahead. */
  readonly aheadMegabytes?: number;
  /** Show the log of a server that is started here. */
  readonly verbose: boolean;
}

/** Whoever starts both parties for himself may fill his memory. */
export const LOCAL_AHEAD_MEGABYTES = 4_096;

async function startLocalServer(target: ClientTarget) {
  const {
    artifact,
    timeoutSeconds,
    privateEmbedding,
    verbose,
    aheadMegabytes = 0,
    pools,
    serverAnswer,
  } = target;
  const { startServerProcess } = await import('../inference/server/server-process.js');
  const command = selfCommand(
    'serve',
    ...['--artifact', artifact!, '--port', '0', '--timeout', String(timeoutSeconds)],
    ...['--ahead-memory', String(aheadMegabytes), '--until-stdin-closes'],
    ...(pools === undefined ? [] : ['--pools', pools]),
    ...(serverAnswer ? ['--answers', serverAnswer.kind, '--answer-bits', String(serverAnswer.bits)] : []),
    ...(privateEmbedding ? ['--private-embedding'] : []),
  );
  return startServerProcess(command, (line) => verbose && note(`server: ${line}`));
}

const noteNewServer = ({ address, modelDigest, commitment }: NewServer): void =>
  note(
    `cipherprune: ${address} is new here: model ${modelDigest}, ${commitment === null ? 'no commitment to its weights' : `weights committed to by ${commitment}`}`,
  );

/** Of every change of the place, once. */
function waitNote(): (wait: Wait) => void {
  let latest = 0;
  return ({ place, seconds }) => {
    if (place === latest) return;
    latest = place;
    const expected = seconds > 0 ? `, about ${seconds} s` : '';
    note(`cipherprune: the server is busy: place ${place} in its queue${expected}`);
  };
}

/** Runs `body` with a client that is connected and set up; closes everything afterwards, whatever happens. */
export async function withClient<T>(
  target: ClientTarget,
  body: (client: LastingClient) => Promise<T>,
): Promise<T> {
  const { answer, checks, suite, multiply, line, cots, modelDigest, pool, cache } = target;
  const { acceptChangedModel = false } = target;
  if (target.residentWeights !== undefined) await checkWritable(target.residentWeights);
  const local = target.address ? null : await startLocalServer(target);
  const forgetCleanup = onInterrupt(() => local?.stop());
  try {
    await using client = await connect({
      ...(target.address ?? { port: local!.port }),
      ...(local
        ? {}
        : { tls: target.tls, token: target.token, model: target.model, reconnects: target.reconnects ?? 0 }),
      ...{ answer, checks, suite, multiply, line, cots, modelDigest, pool, cache },
      // Who runs both parties has nobody to hide a text from.
      opens: target.opens ?? (local ? 'counts' : 'nothing'),
      residentWeights: local ? undefined : target.residentWeights,
      tokenizerLibrary: target.tokenizerLibrary,
      timeoutMilliseconds: target.timeoutSeconds * 1_000,
      // The public part without the word table is another than the artifact's: take what the server has.
      artifact: target.privateEmbedding ? undefined : target.artifact,
      knownServers: local ? 'ignore' : acceptChangedModel ? 'accept' : 'remember',
      onNewServer: noteNewServer,
      onNote: (line) => note(`cipherprune: ${line}`),
      onWait: waitNote(),
    });
    return await body(client);
  } finally {
    forgetCleanup();
    await local?.stop();
  }
}
