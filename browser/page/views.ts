/** What the page shows of a model and of an answer. */
import { DECLARED_LEAKS, isDeclaredLeak } from '../../inference/session/leaks.js';
import type { Classification, ConnectedModel, LeakRecord } from '../client/connect.js';
import { create, describe, element } from './elements.js';
import { bytes, percent, seconds, whole } from './figures.js';
import { isForNodes } from './nodes.js';

const OPENS = {
  nothing: 'Nothing beside the answer',
  counts: 'The answer, and how many tokens each layer keeps',
} as const;

const ANSWERS = {
  label: 'The label alone',
  probability: 'Label and rounded probabilities',
  logits: 'Label and rounded logits',
} as const;

const trustOf = ({ isNew }: ConnectedModel, isPinned: boolean): string => {
  if (isPinned) return 'The model that this link asks for';
  if (isForNodes) return 'Nothing is remembered of nodes; compare the digest, or pin it in the link';
  return isNew ? 'Met for the first time; remembered from now on' : 'The same model as last time';
};

export function showModel(model: ConnectedModel, isPinned: boolean): void {
  const { digest, commitment, task, layers, labels, maxTokens, opens, answer } = model;
  describe(element('model', 'dl'), [
    ['For', task ?? 'an unnamed task'],
    ['Labels', labels.join(', ')],
    ['Size', `${layers} layers, up to ${whole(maxTokens)} tokens`],
    ['Opens', OPENS[opens]],
    ['You learn', ANSWERS[answer.kind]],
    ['Known', trustOf(model, isPinned)],
    ['Digest', create('code', digest)],
    ['Weights', commitment === null ? 'Not committed to' : create('code', commitment)],
  ]);
}

function probabilityRow(name: string, share: number): HTMLLIElement {
  const meter = create('meter');
  meter.value = share;
  // The number beside it says the same.
  meter.setAttribute('aria-hidden', 'true');
  return create('li', create('span', name), meter, create('span', percent(share)));
}

function showProbabilities({ probabilities }: Classification, labels: readonly string[]): void {
  const list = element('probabilities', 'ul');
  const rows = (probabilities ?? []).map((share, label) => ({ name: labels[label] ?? String(label), share }));
  rows.sort((a, b) => b.share - a.share);
  list.hidden = rows.length === 0;
  list.replaceChildren(...rows.map(({ name, share }) => probabilityRow(name, share)));
}

function showCost({ cost, tokens, truncatedTokens, bucket }: Classification): void {
  const { offline } = cost;
  describe(element('cost', 'dl'), [
    ['Time', seconds(cost.milliseconds)],
    ['Sent', bytes(cost.sentBytes)],
    ['Received', bytes(cost.receivedBytes)],
    ['Rounds', whole(cost.rounds)],
    ['Length', `${whole(tokens)} tokens; ${isForNodes ? 'each node' : 'the server'} saw ${whole(bucket)}`],
    ...(truncatedTokens > 0
      ? [['Left out', `${whole(truncatedTokens)} word pieces at the end`] as const]
      : []),
    ...(offline.milliseconds > 0
      ? [
          [
            'Made before',
            `${seconds(offline.milliseconds)}, ${bytes(offline.sentBytes + offline.receivedBytes)}`,
          ] as const,
        ]
      : []),
  ]);
}

const WHOM = isForNodes
  ? { all: 'to you and the nodes', client: 'to you alone', server: 'to the nodes' }
  : { all: 'to both', client: 'to you alone', server: 'to the server alone' };

function openedItem({ name, to, count }: LeakRecord): HTMLLIElement {
  const meaning = isDeclaredLeak(name) ? DECLARED_LEAKS[name] : 'unknown';
  const whom = WHOM[to];
  return create('li', create('strong', name.replaceAll('-', ' ')), ` ${whom}, ${whole(count)} ×: ${meaning}`);
}

function showLayers({ layers }: Classification): void {
  const rows = layers.map((layer, index) => {
    const header = create('th', String(index + 1));
    header.scope = 'row';
    const cells = [whole(layer.kept), seconds(layer.milliseconds), bytes(layer.bytes), whole(layer.rounds)];
    return create('tr', header, ...cells.map((text) => create('td', text)));
  });
  element('layers', 'tbody').replaceChildren(...rows);
}

export function showAnswer(answer: Classification, labels: readonly string[]): void {
  element('answer', 'p').textContent = answer.labelName;
  showProbabilities(answer, labels);
  showCost(answer);
  element('opened', 'ul').replaceChildren(...answer.leaks.map(openedItem));
  showLayers(answer);
  element('result', 'section').hidden = false;
}
