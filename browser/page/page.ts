/**
 * The page: connects when it is loaded, classifies what is typed, and says what that took and what was opened. It is the client of the
 * server that serves it, or of three nodes that it is given or asks for.
 */
import { type Client, ClientError, connect, type LayerProgress } from '../client/connect.js';
import { element } from './elements.js';
import { seconds } from './figures.js';
import { isForNodes, nodesGiven, onNodesTyped } from './nodes.js';
import { showAnswer, showModel } from './views.js';

const status = element('status', 'p');
const alertBox = element('alert', 'div');
const alertText = element('alert-text', 'p');
const accept = element('accept', 'button');
const tokenForm = element('token-form', 'form');
const token = element('token', 'input');
const form = element('form', 'form');
const text = element('text', 'textarea');
const textPair = element('text-pair', 'textarea');
const classifyButton = element('classify', 'button');
const cancel = element('cancel', 'button');
const running = element('running', 'div');
const progress = element('progress', 'progress');
const progressLabel = element('progress-label', 'label');

/** What the user has allowed on this page, beyond the defaults. */
const allowed = { opens: 'nothing', knownServers: 'remember' } as {
  opens: 'nothing' | 'counts';
  knownServers: 'remember' | 'accept';
};
let client: Client | null = null;
let canceller: AbortController | null = null;
let isPrepared = false;

/** Idle connections end, and a server may restart. */
const RECONNECTS = 3;

/** `#model=DIGEST` in the address pins the model, `#name=NAME` chooses one of several; the skip link's `#text` says nothing. */
const wanted: { digest: string | undefined; name: string | undefined } = {
  digest: undefined,
  name: undefined,
};

/** Does the address ask for another model than before? */
function readAddress(): boolean {
  const parameters = new URLSearchParams(location.hash.slice(1));
  if (!parameters.has('model') && !parameters.has('name')) return false;
  wanted.digest = parameters.get('model')?.toLowerCase();
  wanted.name = parameters.get('name') ?? undefined;
  return true;
}

const say = (line: string): void => {
  status.textContent = line;
};

const ACCEPTED: Readonly<Record<string, { readonly label: string; readonly allow: () => void }>> = {
  ERR_MODEL_CHANGED: {
    label: 'Accept the new model',
    allow: () => {
      allowed.knownServers = 'accept';
    },
  },
  ERR_OPENS_MORE: {
    label: 'Let it open these numbers',
    allow: () => {
      allowed.opens = 'counts';
    },
  },
};

/** Without the command line's advice. */
const EXPLAINED: Readonly<Record<string, string>> = {
  ERR_MODEL_CHANGED:
    'This server has another model than when you were here last. No text was used. Ask its operator whether that is meant, and compare the digest.',
  ERR_OPENS_MORE:
    'The model opens how many tokens each layer keeps, and its weights decide what that says of a text. No text was used.',
  // Of three nodes the message says which one.
  ...(isForNodes
    ? {}
    : {
        ERR_PEER_CLOSED: 'The server has ended the connection.',
        ERR_PEER_TIMEOUT: 'The server does not answer.',
        ERR_UNREACHABLE: 'The server cannot be reached.',
      }),
};

function showError(error: unknown): void {
  const code = error instanceof ClientError ? error.code : 'ERR_UNKNOWN';
  const message = error instanceof Error ? error.message : String(error);
  alertText.textContent = EXPLAINED[code] ?? message;
  const question = ACCEPTED[code];
  accept.hidden = question === undefined;
  accept.textContent = question?.label ?? '';
  accept.onclick = () => {
    question?.allow();
    void open();
  };
  // Who must show a token is asked for one.
  tokenForm.hidden = !/token/.test(message);
  alertBox.hidden = false;
  say('Not connected.');
}

const connectToServer = (): Promise<Client> =>
  connect({
    ...allowed,
    modelDigest: wanted.digest,
    model: wanted.name,
    token: token.value || undefined,
    reconnects: RECONNECTS,
    onNote: say,
    onWait: ({ place, seconds: left }) =>
      say(`The server is busy: place ${place} in its queue${left > 0 ? `, about ${left} s` : ''}.`),
  });

const connectToNodes = (nodes: readonly [string, string, string]): Promise<Client> =>
  connect({ nodes, opens: allowed.opens, modelDigest: wanted.digest, onNote: say });

async function open(): Promise<void> {
  alertBox.hidden = true;
  tokenForm.hidden = true;
  classifyButton.disabled = true;
  isPrepared = false;
  const before = client;
  client = null;
  void before?.close().catch(() => undefined);
  const nodes = nodesGiven();
  if (isForNodes && nodes === null) return say('Which three nodes?');
  say(isForNodes ? 'Connecting to the three nodes …' : 'Connecting, and agreeing on keys …');
  const started = performance.now();
  try {
    client = await (nodes !== null ? connectToNodes(nodes) : connectToServer());
  } catch (error) {
    showError(error);
    return;
  }
  allowed.knownServers = 'remember';
  showModel(client.model, wanted.digest !== undefined);
  element('pair', 'div').hidden = client.model.pair === false;
  textPair.required = client.model.pair === true;
  classifyButton.disabled = false;
  say(`Connected in ${seconds(performance.now() - started)}.`);
}

/** Material for the next text, while it is typed. */
function prepare(): void {
  if (client === null || isPrepared || canceller !== null) return;
  isPrepared = true;
  // If this fails, so does the text, and says so.
  client.prepare(1).catch(() => undefined);
}

function onLayer({ layer, layers }: LayerProgress): void {
  progress.max = layers;
  progress.value = layer + 1;
  progressLabel.textContent = `Layer ${layer + 1} of ${layers} is done`;
}

async function classify(): Promise<void> {
  if (client === null || canceller !== null) return;
  canceller = new AbortController();
  const { signal } = canceller;
  progress.value = 0;
  progressLabel.textContent = 'Sharing the text …';
  running.hidden = false;
  cancel.hidden = false;
  classifyButton.disabled = true;
  element('result', 'section').hidden = true;
  say('Classifying …');
  const input = { text: text.value, textPair: textPair.value || null };
  try {
    const answer = await client.classify(input, { signal, onLayer });
    showAnswer(answer, client.model.labels);
    say(`Answer: ${answer.labelName}, after ${seconds(answer.cost.milliseconds)}.`);
    classifyButton.disabled = false;
  } catch (error) {
    client = null;
    if (signal.aborted) void open();
    else showError(error);
  } finally {
    canceller = null;
    isPrepared = false;
    running.hidden = true;
    cancel.hidden = true;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void classify();
});
tokenForm.addEventListener('submit', (event) => {
  event.preventDefault();
  void open();
});
for (const field of [text, textPair]) {
  field.addEventListener('input', prepare);
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}
cancel.addEventListener('click', () => canceller?.abort(new Error('cancelled')));
element('reconnect', 'button').addEventListener('click', () => void open());
addEventListener('hashchange', () => {
  if (readAddress()) void open();
});
onNodesTyped(() => void open());
readAddress();
void open();
