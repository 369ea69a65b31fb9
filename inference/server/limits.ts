/**
 * What one identity may ask for: a token's or certificate's name, or an address where there is neither. Texts a day bound how often somebody
 * can ask the same again, which is what learning a model from its answers takes (docs/threat-model.md).
 */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { refusal } from '../net/refusal.js';

export interface LimitOptions {
  /** Connections at a time; unbounded unless given, as the others. */
  readonly connections?: number | undefined;
  readonly textsPerHour?: number | undefined;
  readonly textsPerDay?: number | undefined;
  /** Of material made ahead. */
  readonly materialBytesPerHour?: number | undefined;
  /** File that keeps the counts over restarts; absent: a restart forgets them. */
  readonly file?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What connections ask: here, or of the process that counts for several. */
export interface Limits {
  /** Returns what ends the connection. @throws RefusedError */
  connect(identity: string): Promise<() => void>;
  /** @throws RefusedError */
  texts(identity: string, count: number): Promise<void>;
  /** @throws RefusedError */
  material(identity: string, bytes: number): Promise<void>;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WRITE_MILLISECONDS = 1_000;
/** The identities that asked last are remembered. */
const MOST_IDENTITIES = 100_000;

const countsSchema = z.strictObject({
  /** Since 1970. */
  hour: z.int().min(0),
  hourTexts: z.int().min(0),
  hourMaterial: z.number().min(0),
  day: z.int().min(0),
  dayTexts: z.int().min(0),
});
type Counts = z.output<typeof countsSchema>;

const FORMAT = { format: 'cipherprune-limits', formatVersion: 1 } as const;

const fileSchema = z.strictObject({
  format: z.literal(FORMAT.format),
  formatVersion: z.literal(FORMAT.formatVersion),
  identities: z.record(z.string(), countsSchema),
});

async function readCounts(path: string): Promise<Map<string, Counts>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: expected a file of limits, got ${(error as Error).message}`);
  }
  const parsed = fileSchema.safeParse(literal);
  if (parsed.success) return new Map(Object.entries(parsed.data.identities));
  const issue = parsed.error.issues[0];
  throw new Error(`${path}: ${issue?.path.join('.')}: ${issue?.message}`);
}

export class IdentityLimits implements Limits {
  readonly #options: LimitOptions;
  readonly #now: () => number;
  readonly #counts: Map<string, Counts>;
  readonly #connections = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: LimitOptions, counts: Map<string, Counts>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#counts = counts;
  }

  /** @throws Error that names the file if it holds something else */
  static async open(options: LimitOptions = {}): Promise<IdentityLimits> {
    return new IdentityLimits(
      options,
      options.file === undefined ? new Map() : await readCounts(options.file),
    );
  }

  async connect(identity: string): Promise<() => void> {
    const most = this.#options.connections ?? Number.POSITIVE_INFINITY;
    const open = this.#connections.get(identity) ?? 0;
    if (open >= most)
      throw refusal('connections', `${open} connections of this client are open, ${most} at most`, 5);
    this.#connections.set(identity, open + 1);
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      const left = this.#connections.get(identity)! - 1;
      if (left > 0) this.#connections.set(identity, left);
      else this.#connections.delete(identity);
    };
  }

  async texts(identity: string, count: number): Promise<void> {
    const { textsPerHour = Number.POSITIVE_INFINITY, textsPerDay = Number.POSITIVE_INFINITY } = this.#options;
    const counts = this.#countsOf(identity);
    if (counts.dayTexts + count > textsPerDay)
      throw refusal(
        'daily',
        `${textsPerDay} texts a day, ${counts.dayTexts} were used`,
        this.#secondsTo(DAY),
      );
    if (counts.hourTexts + count > textsPerHour)
      throw refusal(
        'hourly',
        `${textsPerHour} texts an hour, ${counts.hourTexts} were used`,
        this.#secondsTo(HOUR),
      );
    counts.hourTexts += count;
    counts.dayTexts += count;
    this.#changed();
  }

  async material(identity: string, bytes: number): Promise<void> {
    const most = this.#options.materialBytesPerHour ?? Number.POSITIVE_INFINITY;
    const counts = this.#countsOf(identity);
    if (counts.hourMaterial + bytes > most)
      throw refusal('material', `${most / 1e6} MB of material an hour`, this.#secondsTo(HOUR));
    counts.hourMaterial += bytes;
    this.#changed();
  }

  /** Writes what is not written yet. @throws Error that names the file if the last write failed */
  async close(): Promise<void> {
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#write();
    }
    await this.#writing;
  }

  /** To the next hour or day, in UTC. */
  #secondsTo(period: number): number {
    return Math.ceil((period - (this.#now() % period)) / 1000);
  }

  /** Up to date, and the last one in order. */
  #countsOf(identity: string): Counts {
    const [hour, day] = [Math.floor(this.#now() / HOUR), Math.floor(this.#now() / DAY)];
    const counts = this.#counts.get(identity) ?? { hour, hourTexts: 0, hourMaterial: 0, day, dayTexts: 0 };
    if (counts.hour !== hour) Object.assign(counts, { hour, hourTexts: 0, hourMaterial: 0 });
    if (counts.day !== day) Object.assign(counts, { day, dayTexts: 0 });
    this.#counts.delete(identity);
    this.#counts.set(identity, counts);
    if (this.#counts.size > MOST_IDENTITIES) this.#counts.delete(this.#counts.keys().next().value!);
    return counts;
  }

  #changed(): void {
    if (this.#options.file === undefined || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#write();
    }, WRITE_MILLISECONDS);
  }

  /** After the write before it, and whatever became of that: a disk that was full once is no reason to keep nothing from then on. */
  #write(): void {
    const path = this.#options.file!;
    const identities = Object.fromEntries(this.#counts);
    const text = `${JSON.stringify({ ...FORMAT, identities }, null, 1)}\n`;
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(() => writeFileAtomically(path, text, 0o600))
      .catch((error: Error) => {
        throw new Error(`${path}: ${error.message}`);
      });
    this.#writing.catch(() => undefined);
  }
}
