/** Connecting to a server that runs elsewhere: the options of every command that can, and what follows from them. */
import type { ClientTarget } from '../experiments/with-client.js';
import { ANSWER_KINDS } from '../inference/core/answer.js';
import { isLoopback } from '../inference/net/tls.js';
import { OPENINGS } from '../inference/run/openings.js';
import { UsageError } from '../util/errors.js';
import type { OptionsOf } from './command.js';
import {
  checksOption,
  cotsOption,
  lineOption,
  multiplyOption,
  suiteOption,
  timeoutOption,
} from './model-options.js';
import { tlsCaOption } from './node-options.js';
import { wholeNumber } from './options.js';
import { hostOf, type ServerAddress, serverAddress } from './server-address.js';
import { clientTlsOf, tokenOf } from './tls-options.js';

export const connectionOptions = {
  connect: {
    type: 'string',
    describe:
      'HOST:PORT of a server, tls://HOST:PORT, or the wss://HOST:PORT of its port for browsers (serve --web)',
    requiresArg: true,
  },
  'token-file': { type: 'string', describe: 'File that holds the token of `tokens add`', requiresArg: true },
  'tls-ca': tlsCaOption,
  'tls-cert': {
    type: 'string',
    describe: 'PEM of a certificate to show to a server that asks',
    requiresArg: true,
  },
  'tls-key': { type: 'string', describe: 'PEM of its key', requiresArg: true },
  'insecure-plain': {
    type: 'boolean',
    default: false,
    describe:
      'Let a token leave this machine without TLS: whoever reads it may ask in its name; and the links to three nodes: whoever reads two has the text',
  },
  'model-digest': {
    alias: 'artifact-digest',
    type: 'string',
    describe:
      'The only model to accept, by the digest of its public part, which commits to the weights; without it the first that a ' +
      'server shows is remembered, and another one refused',
    requiresArg: true,
  },
  'accept-changed-model': {
    type: 'boolean',
    default: false,
    describe: 'Accept that the server has another model than the one remembered, and remember that',
  },
  model: { type: 'string', describe: 'Name of the model, where a server has several', requiresArg: true },
  reconnects: {
    type: 'string',
    default: '5',
    describe:
      'Connections to a server that may break, or be refused for now, in a row; the texts that were not answered are sent again anew',
    coerce: wholeNumber('reconnects', 0, 1_000),
  },
  opens: {
    choices: OPENINGS,
    defaultDescription: 'nothing with --connect and --connect-nodes, counts with --local',
    describe:
      'The most that a model may open beside the answer: nothing, or how many tokens each layer keeps, which says of a text what ' +
      "the server's weights want it to say; a model that opens more is refused before any work",
  },
  answers: {
    choices: ANSWER_KINDS,
    describe:
      'What to be told; a server that gives less refuses. By default all that it gives, and with --local logits',
  },
  cots: cotsOption,
  checks: checksOption,
  suite: suiteOption,
  multiply: multiplyOption,
  line: lineOption,
  'resident-weights': {
    type: 'string',
    describe:
      "Folder that keeps the server's weights, encrypted under its key, for this connection and later ones: some 16 bytes a weight, " +
      'downloaded once, and as much memory; then a text takes fewer bytes and rounds (serve --resident-weights)',
    requiresArg: true,
  },
  timeout: timeoutOption,
  cache: { type: 'boolean', default: true, describe: 'Keep the public part that a server sends' },
} as const;

export type ConnectionOptions = OptionsOf<typeof connectionOptions>;

/** TLS that was asked for is TLS that is used, and a token is shown to nobody on the way. */
function checkSecrecy({ isTls, address }: ServerAddress, options: ConnectionOptions): void {
  if (isTls) return;
  const { connect, tlsCa, tlsCert, tokenFile, insecurePlain } = options;
  const named = tlsCa !== undefined ? '--tls-ca' : tlsCert !== undefined ? '--tls-cert' : null;
  const expected = `expected --connect tls://HOST:PORT or wss://HOST:PORT, got ${connect}`;
  if (named !== null) throw new UsageError(`${named}: ${expected}`);
  if (tokenFile !== undefined && !insecurePlain && !isLoopback(hostOf(address)))
    throw new UsageError(`--token-file: ${expected}; --insecure-plain shows the token to whoever listens`);
}

/** What the options say of a connection; the address is null without --connect. @throws UsageError */
export async function connectionOf(options: ConnectionOptions) {
  const { connect, modelDigest, residentWeights } = options;
  if (modelDigest !== undefined && !/^[0-9a-f]{64}$/i.test(modelDigest))
    throw new UsageError('--model-digest: expected 64 hexadecimal digits');
  if (residentWeights !== undefined && connect === undefined)
    throw new UsageError('--resident-weights needs --connect');
  const server = connect === undefined ? null : serverAddress('connect', connect);
  if (server) checkSecrecy(server, options);
  return {
    address: server?.address ?? null,
    tls: server?.isTls ? await clientTlsOf(options) : undefined,
    token: await tokenOf(options.tokenFile),
    modelDigest: modelDigest?.toLowerCase(),
    acceptChangedModel: options.acceptChangedModel,
    model: options.model,
    reconnects: options.reconnects,
    opens: options.opens,
    answer: options.answers,
    cots: options.cots,
    checks: options.checks,
    suite: options.suite,
    multiply: options.multiply,
    line: options.line,
    residentWeights,
    timeoutSeconds: options.timeout,
    cache: options.cache,
  } satisfies Partial<ClientTarget>;
}
