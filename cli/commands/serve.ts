/** `serve`: the server party. */

import {
  DEFAULT_AHEAD_MEGABYTES,
  DEFAULT_HOST,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_POOLS_MEGABYTES,
  DEFAULT_PORT,
  DEFAULT_QUEUE_LENGTH,
} from '../../api/defaults.js';
import { type Server, serve } from '../../index.js';
import { ANSWER_KINDS, DEFAULT_ANSWER } from '../../inference/core/answer.js';
import { COT_KINDS } from '../../inference/core/cot-kind.js';
import { type Log, LOG_LEVELS } from '../../inference/server/server-log.js';
import { standardInputEnd } from '../../util/standard-input-end.js';
import { onInterrupt, onTerminate } from '../../util/interrupt.js';
import { defineCommand, type OptionsOf } from '../command.js';
import {
  answerBitsOption,
  checksOption,
  lineOption,
  suiteOption,
  privateEmbeddingOption,
  graceOption,
  httpOption,
  timeoutOption,
} from '../model-options.js';
import { optional, wholeNumber } from '../options.js';
import { print } from '../output.js';
import { LOG_FORMATS, serverLog } from '../server-log.js';
import { artifactsOf } from '../served-artifacts.js';
import { serverTlsOf } from '../tls-options.js';
import { webOriginOption } from '../web-options.js';
import { readOptions } from '../options-file.js';

type ServeOptions = OptionsOf<typeof OPTIONS>;

/** A failure that nobody waits for must not end the server: its client is gone, others are being served. */
function surviveLostFailures(log: Log): void {
  process.on('unhandledRejection', (reason) => {
    const message = reason instanceof Error ? reason.message : String(reason);
    log({ level: 'error', message: `server: ${message}`, fields: { event: 'lost' } });
  });
}

/** SIGHUP reads artifacts and certificate again; what is no model or no certificate changes nothing. */
function reloadOnHangUp(server: Server, options: ServeOptions, log: Log): void {
  const reload = async (): Promise<void> => server.reload(await serverTlsOf(options));
  process.on('SIGHUP', () => {
    reload().then(
      () =>
        log({
          level: 'info',
          message: 'server: artifacts and certificate read again',
          fields: { event: 'reloaded' },
        }),
      ({ message }: Error) =>
        log({ level: 'error', message: `server: ${message}`, fields: { event: 'reload' } }),
    );
  });
}

async function run(options: ServeOptions): Promise<void> {
  const {
    timeout,
    aheadMemory,
    poolsSize,
    answers,
    answerBits,
    untilStdinCloses,
    http,
    grace,
    web,
    workerMemory,
    longestRun,
    ...others
  } = options;
  const log = serverLog(options.logFormat, options.logLevel);
  const server = await serve({
    ...others,
    artifact: artifactsOf(options.artifact),
    timeoutMilliseconds: timeout * 1_000,
    aheadMegabytes: aheadMemory,
    poolsMegabytes: poolsSize,
    queueLength: options.queue,
    limits: {
      connections: options.clientConnections,
      textsPerHour: options.clientTextsPerHour,
      textsPerDay: options.clientTextsPerDay,
      materialPerHour: options.clientMaterialPerHour,
      file: options.limitsFile,
    },
    answer: { kind: answers, bits: answerBits },
    tls: await serverTlsOf(options),
    httpPort: http,
    workerMegabytes: workerMemory,
    longestRunSeconds: longestRun,
    web: web === undefined ? undefined : { port: web, origins: options.webOrigin },
    onLog: (_, record) => log(record),
  });
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  const say = (event: string, message: string): void => log({ level: 'info', message, fields: { event } });
  surviveLostFailures(log);
  reloadOnHangUp(server, options, log);
  print(`listening on ${host}:${server.port}`);
  const scheme = options.tlsCert === undefined ? 'http' : 'https';
  if (server.webPort !== null) print(`page: ${scheme}://${host}:${server.webPort}/`);
  if (server.httpPort !== null)
    say('listening', `health, readiness and metrics: http://${host}:${server.httpPort}/`);
  const forgetCleanup = onInterrupt(() => server.close());
  const forgetEnd = onTerminate(async () => {
    say('ending', `server: ending; texts at work have ${grace} s`);
    await server.drain(grace * 1_000);
  });
  await (untilStdinCloses ? standardInputEnd() : new Promise<never>(() => undefined));
  forgetCleanup();
  forgetEnd();
  await server.close();
}

/** Of one identity: a token's or certificate's name, or an address. */
const limitOption = (name: string, what: string, unit?: string) =>
  ({
    type: 'string',
    describe: `${what} that one token, certificate or address may ask for; no limit unless given`,
    coerce: optional(wholeNumber(name, 1, undefined, unit)),
  }) as const;

const OPTIONS = {
  artifact: {
    type: 'string',
    array: true,
    demandOption: true,
    describe:
      'Folder of the exported model; or NAME=FOLDER, several times, of models that clients choose from (infer --model), the first for ' +
      'those who say nothing. SIGHUP reads them again',
    requiresArg: true,
  },
  host: { type: 'string', default: DEFAULT_HOST, describe: 'Address to listen on' },
  port: {
    type: 'string',
    default: String(DEFAULT_PORT),
    describe: 'Port to listen on; 0 picks a free one',
    coerce: wholeNumber('port', 0, 65535),
  },
  'tls-cert': {
    type: 'string',
    describe: 'PEM of the server’s certificate: clients connect to tls://HOST:PORT',
    requiresArg: true,
  },
  'tls-key': { type: 'string', describe: 'PEM of its key', requiresArg: true },
  'tls-client-ca': {
    type: 'string',
    describe: 'PEM of an authority: clients must show a certificate that it signed',
    requiresArg: true,
  },
  'insecure-plain': {
    type: 'boolean',
    default: false,
    describe: 'Listen without TLS where others reach it: somebody in the middle can alter what is said',
  },
  tokens: {
    type: 'string',
    describe: 'File of `tokens add`: clients must show one of its tokens',
    requiresArg: true,
  },
  http: httpOption,
  web: {
    type: 'string',
    describe:
      'Port for browsers: a page in which the client runs, and WebSockets at /connect (infer --connect wss://…); 0 picks a free one',
    coerce: optional(wholeNumber('web', 0, 65535)),
  },
  'web-origin': webOriginOption,
  grace: graceOption,
  'resident-weights': {
    type: 'string',
    describe:
      'File of a key, made if there is none: clients may keep the weights, encrypted under it (infer --resident-weights)',
    requiresArg: true,
  },
  'private-embedding': privateEmbeddingOption,
  cots: {
    choices: COT_KINDS,
    array: true,
    default: COT_KINDS,
    describe: 'Ways to make oblivious transfers that clients may choose from',
  },
  checks: checksOption,
  suite: suiteOption,
  line: lineOption,
  answers: {
    choices: ANSWER_KINDS,
    default: DEFAULT_ANSWER.kind,
    describe:
      'The most that a client is told: the label alone, with rounded probabilities, or with rounded logits. The more, the faster ' +
      'somebody who asks often can imitate the model',
  },
  'answer-bits': answerBitsOption,
  timeout: timeoutOption,
  'max-clients': {
    type: 'string',
    default: String(DEFAULT_MAX_CLIENTS),
    describe: 'Clients served at a time, half of them from one address; more wait',
    coerce: wholeNumber('max-clients', 1, 10_000),
  },
  queue: {
    type: 'string',
    default: String(DEFAULT_QUEUE_LENGTH),
    describe: 'Clients that may wait for a place; more are refused, and told when to come again',
    coerce: wholeNumber('queue', 0, 10_000),
  },
  'max-runs': {
    type: 'string',
    defaultDescription: 'two for each core, more as long as the processor is not busy',
    describe: 'Texts (or batches) at work at a time; others wait their turn, and are told their place',
    coerce: optional(wholeNumber('max-runs', 1, 10_000)),
  },
  workers: {
    type: 'string',
    default: '0',
    describe:
      'Processes that serve, each with the models: a crash, or a client that takes too much, ends the clients of one. 0: this process serves',
    coerce: wholeNumber('workers', 0, 256),
  },
  'worker-memory': {
    type: 'string',
    describe:
      'Megabytes that a worker may take before it is ended and another begins (Linux); no bound unless given',
    coerce: optional(wholeNumber('worker-memory', 64, 10_000_000, 'MB')),
  },
  'longest-run': {
    type: 'string',
    describe:
      'Seconds that a text, a batch or material may be at work before its connection is ended; no bound unless given',
    coerce: optional(wholeNumber('longest-run', 1, 86_400, 'seconds')),
  },
  'client-connections': limitOption('client-connections', 'Connections at a time'),
  'client-texts-per-hour': limitOption('client-texts-per-hour', 'Texts an hour'),
  'client-texts-per-day': limitOption('client-texts-per-day', 'Texts a day'),
  'client-material-per-hour': limitOption(
    'client-material-per-hour',
    'Megabytes an hour, of material and of weights that stay at the client,',
    'MB',
  ),
  'limits-file': {
    type: 'string',
    describe: 'File that keeps what clients have used over restarts; without it a restart forgets',
    requiresArg: true,
  },
  'log-format': { choices: LOG_FORMATS, default: 'text', describe: 'Lines for people, or JSON' },
  'log-level': { choices: LOG_LEVELS, default: 'info', describe: 'The least that is logged' },
  'ahead-memory': {
    type: 'string',
    default: String(DEFAULT_AHEAD_MEGABYTES),
    describe:
      'Megabytes for material that a client may have made ahead (infer --warm), the work of making it included; 0: none',
    coerce: wholeNumber('ahead-memory', 0, 65_535, 'MB'),
  },
  pools: {
    type: 'string',
    describe: 'Folder that keeps, for a week at most, what is left of clients’ material (infer --pool)',
    requiresArg: true,
  },
  'pools-size': {
    type: 'string',
    default: String(DEFAULT_POOLS_MEGABYTES),
    describe: 'Megabytes that this folder may hold; the oldest give way',
    coerce: wholeNumber('pools-size', 1, 10_000_000, 'MB'),
  },
  'until-stdin-closes': {
    type: 'boolean',
    default: false,
    describe: 'End when standard input ends (for a parent process)',
  },
} as const;

export const command = defineCommand({
  command: 'serve',
  describe: 'Run the server party: it holds the weights and never sees a text',
  options: OPTIONS,
  configuredBy: { prefix: 'CIPHERPRUNE_SERVE', read: readOptions },
  handler: run,
});
