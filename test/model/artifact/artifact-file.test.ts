import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { scalesOf } from '../../../model/artifact/artifact.js';
import {
  ArtifactError,
  parsePublicPart,
  readArtifact,
  readPublicPart,
  serializePublicPart,
  writeArtifact,
} from '../../../model/artifact/artifact-file.js';
import { columnNormBits } from '../../../model/artifact/column-norm.js';
import { gammaBitsOf } from '../../../model/artifact/gamma-bits.js';
import { encodePrivatePart } from '../../../model/artifact/private-part.js';
import { encodePublicPart } from '../../../model/artifact/public-part.js';
import { tinyArtifact } from '../../../bench/tiny-artifact.js';

const folder = mkdtempSync(join(tmpdir(), 'artifact-'));
afterAll(() => rmSync(folder, { recursive: true }));

const artifact = tinyArtifact();
const good = join(folder, 'good');
const directory = join(folder, 'changed');
await writeArtifact(good, artifact);

const files = ['public/manifest.json', 'public/embedding.safetensors', 'public/tokenizer.json'].concat(
  ['manifest.json', 'weights.safetensors', 'thresholds.json'].map((name) => `private/${name}`),
);

/** Changes a manifest's fields and signs it again, as a newer or hostile writer would. */
function rewriteManifest(path: string, change: (manifest: Record<string, unknown>) => void): void {
  const { digest: _, ...body } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  change(body);
  const digest = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  writeFileSync(path, JSON.stringify({ ...body, digest }));
}

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  cpSync(good, directory, { recursive: true });
});

describe('artifact directory', () => {
  it('gives back what was written', async () => {
    const parts = await readArtifact(good);
    expect(parts.artifact).toEqual(artifact);
    expect((await readPublicPart(good)).model).toEqual(artifact.public);
    expect((await readPublicPart(good)).digest).toBe(parts.publicPart.digest);
  });

  it('gives back layers of low degree, and refuses a model without the range of their squares', async () => {
    const low = tinyArtifact({ config: { linearReduction: true, reducedSquares: 8 } });
    const { ranges } = low.public;
    const layers = ranges.layers.map((range, layer, { length }) =>
      layer < length - 1 ? { ...range, squareInput: 3 } : range,
    );
    const whole = { ...low, public: { ...low.public, ranges: { ...ranges, layers } } };
    expect(whole.private.layers[0]!.reducedInner!.matrix.outputs).toBe(8);
    const path = join(folder, 'low');
    await writeArtifact(path, whole);
    expect((await readArtifact(path)).artifact).toEqual(whole);
    rewriteManifest(join(path, 'public', 'manifest.json'), (manifest) => {
      manifest.ranges = ranges;
    });
    await expect(readPublicPart(path)).rejects.toThrow(/ranges\.layers squareInput/);
  });

  it.skipIf(process.platform === 'win32')('keeps the private part from other users', () => {
    for (const name of readdirSync(join(good, 'private')))
      expect(statSync(join(good, 'private', name)).mode & 0o077).toBe(0);
  });

  it.each([2, 4, 8, 9, 16])('keeps weights of %i bits, in one byte where they fit', async (weightBits) => {
    const path = join(folder, `bits-${weightBits}`);
    const written = tinyArtifact({ weightBits, prunes: false });
    await writeArtifact(path, written);
    expect((await readArtifact(path)).artifact).toEqual(written);
    const header = readFileSync(join(path, 'private', 'weights.safetensors')).toString('latin1');
    expect(header.includes('"I8"')).toBe(weightBits <= 8);
    expect(header.includes('"I16"')).toBe(weightBits > 8);
  });

  it('keeps bounds of norms, and refuses columns beyond them', async () => {
    const written = tinyArtifact({});
    const withNorm = (normBits: number) => {
      const pooler = { ...written.private.pooler };
      pooler.matrix = { ...pooler.matrix, normBits };
      const private_ = { ...written.private, pooler };
      return { public: { ...written.public, scales: scalesOf(private_) }, private: private_ };
    };
    const { values, outputs } = written.private.pooler.matrix;
    const bits = columnNormBits(values, outputs);
    const columns = Array.from({ length: outputs }, (_, o) => values.filter((_, i) => i % outputs === o));
    const largest = Math.max(...columns.map((column) => Math.hypot(...column)));
    expect(2 ** bits).toBeGreaterThanOrEqual(largest);
    expect(2 ** (bits - 1)).toBeLessThan(largest);
    const path = join(folder, 'norms');
    await writeArtifact(path, withNorm(bits));
    expect((await readArtifact(path)).artifact.public.scales.pooler.normBits).toBe(bits);
    await expect(writeArtifact(join(folder, 'small-norms'), withNorm(bits - 1))).rejects.toThrow(
      /pooler\.matrix: expected columns of norm/,
    );
  });

  it.each([
    [0.7, 0],
    [0.9999, 1],
    [-1.55, 1],
    [7.9, 3],
    [-40, 6],
  ])('bounds gamma of %f by 2^%i, and refuses numbers beyond the bound', async (largest, bits) => {
    const written = tinyArtifact({});
    const layers = written.private.layers.map((layer) => {
      const gamma = layer.outputNorm.gamma.with(3, largest);
      return { ...layer, outputNorm: { ...layer.outputNorm, gamma } };
    });
    expect(gammaBitsOf(layers.map(({ outputNorm }) => outputNorm.gamma))).toBe(bits);
    const save = async (gammaBits: number) => {
      const path = join(folder, `gamma ${largest} below ${gammaBits}`);
      const scales = { ...written.public.scales, gammaBits };
      await writeArtifact(path, {
        public: { ...written.public, scales },
        private: { ...written.private, layers },
      });
      return readArtifact(path);
    };
    expect((await save(bits)).artifact.public.scales.gammaBits).toBe(bits);
    if (bits > 0) await expect(save(bits - 1)).rejects.toThrow(/outputNorm\.gamma: expected numbers below/);
  });

  it('puts nothing private into the public part', () => {
    const other = tinyArtifact({ seed: 2 });
    const first = encodePublicPart(artifact.public);
    expect(encodePrivatePart(other.private, first).digest).not.toBe(
      encodePrivatePart(artifact.private, first).digest,
    );
    expect(readdirSync(join(good, 'public')).sort()).toEqual([
      'embedding.safetensors',
      'manifest.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(readFileSync(join(good, 'public', 'manifest.json'), 'utf8')).not.toMatch(
      /0\.625|thresholds|weights/,
    );
  });

  it('lets a client read without the private part, and a server not', async () => {
    rmSync(join(directory, 'private'), { recursive: true });
    expect((await readPublicPart(directory)).model).toEqual(artifact.public);
    await expect(readArtifact(directory)).rejects.toThrow(/private\/manifest\.json: missing/);
  });

  it.each(files)('refuses %s when it is missing, truncated or changed, by name', async (name) => {
    const path = join(directory, name);
    const bytes = readFileSync(path);
    const refused = async (): Promise<void> => {
      const error = await readArtifact(directory).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ArtifactError);
      expect((error as Error).message).toContain(name);
      expect((error as Error).message).toContain(directory);
    };
    for (const length of [0, 1, bytes.length >> 1, bytes.length - 2]) {
      writeFileSync(path, bytes.subarray(0, length));
      await refused();
    }
    for (let i = 0; i < 20; i++) {
      const changed = Buffer.from(bytes);
      const at = Math.floor(((i + 0.5) / 20) * (bytes.length - 2));
      changed[at]! ^= 1;
      // A manifest's white space carries nothing.
      if (/\s/.test(String.fromCharCode(bytes[at]!)) && name.endsWith('manifest.json')) continue;
      writeFileSync(path, changed);
      await refused();
    }
    rmSync(path);
    await refused();
  });

  it('refuses a newer version and a foreign file with what to expect', async () => {
    const path = join(directory, 'public', 'manifest.json');
    rewriteManifest(path, (manifest) => {
      manifest.formatVersion = 2;
      manifest.novelty = true;
    });
    await expect(readPublicPart(directory)).rejects.toThrow(
      /public\/manifest\.json: expected format version 1, got 2; it was written by a newer/,
    );
    rewriteManifest(path, (manifest) => {
      manifest.format = 'other';
    });
    await expect(readPublicPart(directory)).rejects.toThrow(
      /expected format "cipherprune-artifact", got "other"/,
    );
  });

  it('refuses weights of another public part', async () => {
    const other = join(folder, 'other');
    await writeArtifact(other, tinyArtifact({ seed: 3 }));
    cpSync(join(other, 'private'), join(directory, 'private'), { recursive: true });
    await expect(readArtifact(directory)).rejects.toThrow(/belongs to another public part/);
  });

  it.each<[string, (manifest: Record<string, unknown>) => void, RegExp]>([
    ['heads that do not divide', (m) => Object.assign(m.config as object, { heads: 3 }), /multiple of heads/],
    ['a wrong layer count', (m) => Object.assign(m.config as object, { layers: 3 }), /one entry a layer/],
    [
      'a huge vocabulary',
      (m) => Object.assign(m.config as object, { vocabularySize: 1e9 }),
      /vocabularySize/,
    ],
    [
      'another table',
      (m) => Object.assign(m.config as object, { vocabularySize: 12 }),
      /word: expected shape \[12,8\]/,
    ],
    [
      'too few bits',
      (m) => Object.assign(m.embedding as object, { word: { weightBits: 4, fractionBits: 4 } }),
      /4 bits/,
    ],
    [
      'a private table of too many words',
      (m) => {
        Object.assign(m.config as object, { vocabularySize: 2 ** 18 + 1 });
        const { word, ...tables } = m.embedding as Record<string, unknown>;
        Object.assign(m, {
          embedding: tables,
          privateEmbedding: { word, sum: 1, variance: { min: 0.1, max: 1 } },
        });
      },
      /vocabularySize must not exceed 262144/,
    ],
    ['long inputs', (m) => Object.assign(m, { maxTokens: 17 }), /maxTokens must not exceed/],
    ['no number', (m) => Object.assign(m.ranges as object, { logits: null }), /ranges\.logits/],
    ['another part', (m) => Object.assign(m, { part: 'private' }), /part/],
    ['an unknown field', (m) => Object.assign(m, { extra: 1 }), /extra/],
    ['a path', (m) => Object.assign((m.files as object[])[0]!, { name: '../x.json' }), /files\.0\.name/],
    ['a file twice', (m) => (m.files as object[]).push((m.files as object[])[0]!), /listed twice/],
    ['no embedding', (m) => (m.files as object[]).shift(), /embedding\.safetensors: missing/],
  ])('refuses a well-signed manifest with %s', async (_, change, message) => {
    rewriteManifest(join(directory, 'public', 'manifest.json'), change);
    await expect(readPublicPart(directory)).rejects.toThrow(ArtifactError);
    await expect(readPublicPart(directory)).rejects.toThrow(message);
  });

  it('replaces an older artifact, but nothing else', async () => {
    await writeArtifact(directory, tinyArtifact({ prunes: false }));
    expect((await readArtifact(directory)).artifact.private.layers[0]!.thresholds).toBeNull();
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([]);
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    await expect(writeArtifact(directory, artifact)).rejects.toThrow(/not replaced: it holds notes\.txt/);
    expect(statSync(join(directory, 'notes.txt')).size).toBe(4);
  });

  it('does not write what it would refuse', () => {
    const { layers, ...rest } = artifact.private;
    const first = layers[0]!;
    const bad = {
      ...first,
      query: { ...first.query, bias: Float64Array.of(Number.NaN, 0, 0, 0, 0, 0, 0, 0) },
    };
    const part = encodePublicPart(artifact.public);
    expect(() => encodePrivatePart({ ...rest, layers: [bad, layers[1]!] }, part)).toThrow(
      /layers\.0\.query\.bias: not all/,
    );
    const partial = [first, { ...layers[1]!, thresholds: null }];
    expect(() => encodePrivatePart({ ...rest, layers: partial }, part)).toThrow(
      /all 2 layers or none, got 1/,
    );
    const crossed = layers.map((layer) => ({ ...layer, thresholds: { prune: 2, reduce: 1 } }));
    expect(() => encodePrivatePart({ ...rest, layers: crossed }, part)).toThrow(
      /reduce must not be below prune/,
    );
    const wide = {
      ...first,
      query: { ...first.query, matrix: { ...first.query.matrix, values: new Int16Array(64).fill(200) } },
    };
    expect(() => encodePrivatePart({ ...rest, layers: [wide, layers[1]!] }, part)).toThrow(/8 bits, got 200/);
  });
});

describe('public part on the wire', () => {
  const part = encodePublicPart(artifact.public);
  const buffer = serializePublicPart(part);

  it('arrives as it was sent, with the same digest', () => {
    const received = parsePublicPart(buffer);
    expect(received.model).toEqual(artifact.public);
    expect(received.digest).toBe(part.digest);
  });

  it('any change of the model changes the digest', () => {
    const changed = { ...artifact.public, maxTokens: 11 };
    expect(encodePublicPart(changed).digest).not.toBe(part.digest);
    expect(encodePublicPart(tinyArtifact({ seed: 4 }).public).digest).not.toBe(part.digest);
  });

  it('is refused when truncated, extended or garbled', () => {
    const lengths = fc.integer({ min: 0, max: buffer.length - 1 });
    fc.assert(
      fc.property(lengths, (length) => {
        expect(() => parsePublicPart(buffer.subarray(0, length))).toThrow(ArtifactError);
      }),
    );
    expect(() => parsePublicPart(Buffer.concat([buffer, Buffer.of(0)]))).toThrow(/expects \d+ bytes in all/);
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = buffer.slice();
        bad[at]! ^= flip;
        try {
          // Only white space of the manifest may change without notice.
          expect(parsePublicPart(bad).digest).toBe(part.digest);
        } catch (error) {
          expect(error).toBeInstanceOf(ArtifactError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it is noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        expect(() => parsePublicPart(noise)).toThrow(ArtifactError);
      }),
    );
  });
});
