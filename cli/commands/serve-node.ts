/** `serve-node`: one of the three nodes. */
import type { NodeWeb } from '../../inference/three-party/node-server.js';
import { UsageError } from '../../util/errors.js';
import { onInterrupt, onTerminate } from '../../util/interrupt.js';
import { note } from '../../util/note.js';
import { packageFile } from '../../util/package-file.js';
import { standardInputEnd } from '../../util/standard-input-end.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { graceOption, httpOption, suiteOption, timeoutOption } from '../model-options.js';
import { certificatesOf, insecurePlainOption, threeAddresses, tlsCaOption } from '../node-options.js';
import { optional, wholeNumber } from '../options.js';
import { print } from '../output.js';
import { webOriginOption } from '../web-options.js';

type ServeNodeOptions = OptionsOf<typeof OPTIONS>;

/** The port for pages, with the page where the nodes of it are named. */
async function webOf({ web, webOrigin, page }: ServeNodeOptions): Promise<NodeWeb | undefined> {
  if (web === undefined) {
    if (page !== undefined) throw new UsageError('--page: expected --web PORT too');
    return undefined;
  }
  if (page === undefined) return { port: web, origins: webOrigin };
  const { readWebFiles } = await import('../../inference/server/web-files.js');
  const files = await readWebFiles(packageFile('dist', 'browser'), page);
  return { port: web, origins: webOrigin, files, connectsTo: page };
}

/** @throws UsageError unless they are three WebSockets */
function threeSockets(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const urls = String(value).split(',');
  if (urls.length === 3 && urls.every((url) => URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)))
    return urls;
  throw new UsageError(
    `--page: expected ws:// or wss:// URLs of nodes 0, 1, 2, separated by commas, got ${value}`,
  );
}

async function run(options: ServeNodeOptions): Promise<void> {
  const { readNodeModel } = await import('../../inference/three-party/share-model.js');
  const { NodeServer } = await import('../../inference/three-party/node-server.js');
  const peers = threeAddresses('peers', options.peers);
  const certificates = await certificatesOf(options);
  if (certificates !== null && options.tlsCert === undefined)
    throw new UsageError('--tls-ca: expected --tls-cert and --tls-key too: a node shows who it is');
  const model = await readNodeModel(options.shares);
  if (options.node !== undefined && options.node !== model.node)
    throw new UsageError(
      `--node: expected ${model.node}, of which ${options.shares} has the shares, got ${options.node}`,
    );
  if (options.suite !== undefined && options.suite !== model.suite)
    throw new UsageError(
      `--suite: expected ${model.suite}, by which ${options.shares} was shared (share-model --suite), got ${options.suite}`,
    );
  const server = await NodeServer.start({
    model,
    suite: options.suite,
    peers,
    certificates,
    insecurePlain: options.insecurePlain,
    timeoutMilliseconds: options.timeout * 1_000,
    maxClients: options.maxClients,
    web: await webOf(options),
    httpPort: options.http,
    onLog: note,
  });
  print(`listening on ${peers[model.node].host}:${server.port}`);
  const scheme = certificates === null ? 'ws' : 'wss';
  if (server.webPort !== null)
    print(`pages: ${scheme}://${peers[model.node].host}:${server.webPort}/connect`);
  if (server.webPort !== null && options.page !== undefined)
    print(`page: ${scheme.replace('ws', 'http')}://${peers[model.node].host}:${server.webPort}/`);
  if (server.httpPort !== null)
    note(`health, readiness and metrics: http://${peers[model.node].host}:${server.httpPort}/`);
  const forgetCleanup = onInterrupt(() => server.close());
  const forgetEnd = onTerminate(async () => {
    note(`node ${model.node}: ending; a text at work has ${options.grace} s`);
    await server.drain(options.grace * 1_000);
  });
  await (options.untilStdinCloses ? standardInputEnd() : new Promise<never>(() => undefined));
  forgetCleanup();
  forgetEnd();
  await server.close();
}

const OPTIONS = {
  shares: {
    type: 'string',
    demandOption: true,
    describe: "The node's folder of share-model",
    requiresArg: true,
  },
  node: {
    type: 'string',
    describe: 'Its number, to be sure: the folder knows it',
    coerce: optional(wholeNumber('node', 0, 2)),
  },
  peers: {
    type: 'string',
    demandOption: true,
    describe: 'HOST:PORT of nodes 0, 1, 2; this one listens at its own',
    requiresArg: true,
  },
  suite: {
    ...suiteOption,
    describe: 'Only this symmetric cryptography, of the shares and of clients',
  },
  timeout: timeoutOption,
  grace: graceOption,
  'max-clients': {
    type: 'string',
    default: '64',
    describe: 'Clients at the same time, half of them from one address',
    coerce: wholeNumber('max-clients', 1, 10_000),
  },
  http: httpOption,
  web: {
    type: 'string',
    describe:
      'Port for pages that are clients of the three nodes: WebSockets at /connect, over TLS where the links are; 0 picks a free one',
    coerce: optional(wholeNumber('web', 0, 65535)),
  },
  'web-origin': webOriginOption,
  page: {
    type: 'string',
    describe:
      'Serve the page there too, as a client of the nodes at these three WebSockets (wss://HOST:PORT/connect of nodes 0, 1, 2); each of ' +
      "the others must admit it by --web-origin. Whoever serves a page could read its texts: better none of the nodes' operators",
    requiresArg: true,
    coerce: threeSockets,
  },
  'tls-ca': tlsCaOption,
  'tls-cert': { type: 'string', describe: "PEM of this node's certificate", requiresArg: true },
  'tls-key': { type: 'string', describe: 'PEM of its key', requiresArg: true },
  'insecure-plain': insecurePlainOption,
  'until-stdin-closes': { type: 'boolean', default: false, hidden: true },
} as const;

export const command = defineCommand({
  command: 'serve-node',
  describe: 'Run one of three nodes, which together classify what none of them can read',
  options: OPTIONS,
  handler: run,
});
