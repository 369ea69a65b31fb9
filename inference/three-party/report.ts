/**
 * What a node tells the client of a text beside the answer: how many tokens each layer kept, and what was opened to the nodes. A
 * layer takes 4 bytes (kept, important), then come the number of openings (1) and of each its name (1), to whom (1) and how often (2).
 */
import { ProtocolError } from '../core/errors.js';
import type { Channel } from '../net/channel.js';
import type { LayerCounts } from '../run/party.js';
import { DECLARED_LEAKS, type DeclaredLeak } from '../session/leaks.js';
import type { LeakRecord } from '../session/session.js';

export interface TextReport {
  readonly layers: readonly LayerCounts[];
  readonly leaks: readonly LeakRecord[];
}

const LAYER_BYTES = 4;
const LEAK_BYTES = 4;
/** By number. */
const NAMES = Object.keys(DECLARED_LEAKS) as DeclaredLeak[];
const RECEIVERS: readonly LeakRecord['to'][] = ['all', 'server', 'client'];

export function encodeReport({ layers, leaks }: TextReport): Uint8Array {
  const bytes = new Uint8Array(reportBytes(layers.length, leaks.length));
  const view = new DataView(bytes.buffer);
  layers.forEach(({ kept, important }, layer) => {
    view.setUint16(LAYER_BYTES * layer, kept, true);
    view.setUint16(LAYER_BYTES * layer + 2, important, true);
  });
  const begin = LAYER_BYTES * layers.length;
  view.setUint8(begin, leaks.length);
  leaks.forEach(({ name, to, count }, i) => {
    const at = begin + 1 + LEAK_BYTES * i;
    bytes.set([NAMES.indexOf(name), RECEIVERS.indexOf(to)], at);
    view.setUint16(at + 2, count, true);
  });
  return bytes;
}

/** Of so many layers and names of what was opened. */
export const reportBytes = (layers: number, names: number): number =>
  LAYER_BYTES * layers + 1 + LEAK_BYTES * names;

/** Of a model of so many layers. @throws ProtocolError if a name is none */
export async function receiveReport(channel: Channel, layers: number): Promise<TextReport> {
  const head = (await channel.receive(LAYER_BYTES * layers + 1)).slice();
  const view = new DataView(head.buffer);
  const tail = (await channel.receive(LEAK_BYTES * head.at(-1)!)).slice();
  const leaks = Array.from({ length: head.at(-1)! }, (_, i): LeakRecord => {
    const [name, to] = [NAMES[tail[LEAK_BYTES * i]!], RECEIVERS[tail[LEAK_BYTES * i + 1]!]];
    if (name === undefined || to === undefined)
      throw new ProtocolError('report: expected declared openings, got another');
    return { name, to, count: new DataView(tail.buffer).getUint16(LEAK_BYTES * i + 2, true) };
  });
  return {
    layers: Array.from({ length: layers }, (_, layer) => ({
      kept: view.getUint16(LAYER_BYTES * layer, true),
      important: view.getUint16(LAYER_BYTES * layer + 2, true),
    })),
    leaks,
  };
}
