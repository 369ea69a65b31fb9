import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Client } from '../../inference/client/client.js';
import { ProtocolError } from '../../inference/core/errors.js';
import { memoryChannelPair } from '../../inference/net/memory-channel.js';
import { connectTcp } from '../../inference/net/tcp-channel.js';
import { receiveRequest } from '../../inference/run/request.js';
import { serializePublicPart } from '../../model/artifact/artifact-file.js';
import { encodePublicPart } from '../../model/artifact/public-part.js';
import { isPrintable, printable, printableLines } from '../../util/printable.js';
import { engineClient } from '../inference/client/engine-client.js';
import { openToyParty, toyServer } from '../inference/server/toy-party.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';

/** Escapes of terminals, forged lines, overrides of direction, and anything. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\x1b[2J',
      '\x9b31m',
      '\r',
      '\n',
      '\u202e',
      '\u2066',
      '\u2028',
      '\ud800',
      '\u0007',
      '"',
      '\\',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 300,
});

/** Written another way than the code under test: no code unit of a control, a separator, an override or half a pair. */
function isClean(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
    if ([0x2028, 0x2029, 0x200e, 0x200f, 0x61c].includes(code)) return false;
    if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) return false;
    const isHigh = code >= 0xd800 && code < 0xdc00;
    if (isHigh && !(line.charCodeAt(i + 1) >= 0xdc00 && line.charCodeAt(i + 1) < 0xe000)) return false;
    if (isHigh) i++;
    else if (code >= 0xdc00 && code < 0xe000) return false;
  }
  return true;
}

function prepare(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const head = new Uint8Array(8);
  head[0] = 4;
  new DataView(head.buffer).setUint32(4, bytes.length, true);
  return [head, bytes];
}

describe('printable', () => {
  it('leaves nothing that moves a cursor, breaks a line or turns the direction', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(isClean(printable(text))).toBe(true);
        expect(isPrintable(printable(text))).toBe(true);
        expect(printableLines(text).split('\n').every(isClean)).toBe(true);
        expect(printable(text, 10).length).toBeLessThan(10 * 12 + 40);
      }),
    );
    expect(printable('naïve 日本語 سلام 👨‍👩‍👧')).toBe('naïve 日本語 سلام 👨‍👩‍👧');
    expect(printable('a\nb\x1b[31m')).toBe('a\\nb\\u001b[31m');
  });

  it('keeps JSON what it was', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(JSON.parse(printableLines(JSON.stringify([text])))).toEqual([text]);
      }),
    );
  });
});

describe('what a peer sends', () => {
  it('makes errors of one clean line', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const [server, client] = memoryChannelPair();
        for (const part of prepare(JSON.stringify({ [text]: 1 }))) client.send(part);
        const error = await receiveRequest(server, 16).catch((thrown: Error) => thrown);
        if (error instanceof Error) expect(isClean(error.message)).toBe(true);
      }),
    );
    expect(isClean(new ProtocolError('x\n2026 client 2: said goodbye').message)).toBe(true);
  });

  it('does not forge lines of the log', async () => {
    const { port, lines, close } = await toyServer();
    const channel = await connectTcp('127.0.0.1', port, { timeoutMilliseconds: 2_000 });
    await Client.open(channel, { ...engineClient, open: openToyParty });
    for (const part of prepare('{"x\\nclient 7: said goodbye \\u001b[2J":1}')) channel.send(part);
    await expect(channel.receive(1)).rejects.toThrow();
    await close();
    expect(lines.every(isClean)).toBe(true);
    expect(lines.some((line) => line.includes('expected a correlation'))).toBe(true);
  });

  it('names no label that is not printable', () => {
    const { public: model } = tinyArtifact({ seed: 1 });
    const named = (name: string) => ({ ...model, config: { ...model.config, labels: [name, 'good'] } });
    expect(() => serializePublicPart(encodePublicPart(named('bad')))).not.toThrow();
    for (const name of ['\x1b[2Jbad', 'bad\ngood', 'bad\u202e'])
      expect(() => encodePublicPart(named(name))).toThrow(/printable/);
  });
});
