/** A TCP proxy that does one thing wrong, at a given byte of one direction. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `cut` closes, `reset` breaks off, `stall` passes nothing more, `flip` turns a bit, `swap` exchanges two pieces, `slow` passes 500 kB a second. */
export const FAULT_KINDS = ['cut', 'reset', 'stall', 'flip', 'swap', 'slow'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Whose bytes it concerns. */
export const DIRECTIONS = ['client', 'server'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly from: Direction;
  /** Bytes of that party that pass unharmed. */
  readonly after: number;
}

export interface FaultProxy {
  readonly port: number;
  /** Bytes of each party at which it began to speak after the other: where its messages begin. */
  readonly turns: Readonly<Record<Direction, readonly number[]>>;
  readonly passed: Readonly<Record<Direction, number>>;
  close(): void;
}

const SWAPPED_BYTES = 64;
const SLOW_BYTES_PER_SECOND = 500_000;
const SLOW_STEP_MILLISECONDS = 50;

/** What is passed on of one party's bytes once the fault has come. */
class Wrongdoer {
  #held = Buffer.alloc(0);
  #isDone = false;

  constructor(
    private readonly fault: Fault,
    private readonly from: Socket,
    private readonly to: Socket,
  ) {}

  /** The first bytes that are concerned, and all that follow. */
  take(chunk: Buffer): void {
    const { kind } = this.fault;
    if (kind === 'cut') this.to.end();
    else if (kind === 'reset') this.to.resetAndDestroy();
    else if (kind === 'slow') this.#slow(chunk);
    else if (kind !== 'stall') this.to.write(this.#isDone ? chunk : this.#damaged(chunk));
  }

  #damaged(chunk: Buffer): Buffer {
    this.#isDone = this.fault.kind === 'flip' || chunk.length > 1;
    if (this.fault.kind === 'flip') return Buffer.from(chunk.map((byte, i) => (i === 0 ? byte ^ 4 : byte)));
    const half = Math.min(SWAPPED_BYTES, chunk.length >> 1);
    return Buffer.concat([chunk.subarray(half, 2 * half), chunk.subarray(0, half), chunk.subarray(2 * half)]);
  }

  #slow(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#isDone) return;
    this.#isDone = true;
    const step = (SLOW_BYTES_PER_SECOND * SLOW_STEP_MILLISECONDS) / 1000;
    const timer = setInterval(() => {
      this.to.write(this.#held.subarray(0, step));
      this.#held = this.#held.subarray(step);
      if (this.#held.length > step) this.from.pause();
      else this.from.resume();
    }, SLOW_STEP_MILLISECONDS);
    this.to.on('close', () => clearInterval(timer));
  }
}

/** Without a fault it only watches. */
export async function faultProxy(target: number, fault: Fault | null): Promise<FaultProxy> {
  const sockets: Socket[] = [];
  const turns: Record<Direction, number[]> = { client: [], server: [] };
  const passed: Record<Direction, number> = { client: 0, server: 0 };
  let speaker: Direction | null = null;
  const pass = (from: Socket, to: Socket, party: Direction): void => {
    const wrongdoer = fault?.from === party ? new Wrongdoer(fault, from, to) : null;
    from.on('data', (chunk: Buffer) => {
      if (speaker !== party) turns[party].push(passed[party]);
      speaker = party;
      const room = wrongdoer ? Math.max(0, fault!.after - passed[party]) : chunk.length;
      passed[party] += chunk.length;
      if (room > 0) to.write(chunk.subarray(0, room));
      if (room < chunk.length) wrongdoer!.take(chunk.subarray(room));
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
  };
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    sockets.push(client, server);
    pass(client, server, 'client');
    pass(server, client, 'server');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    ...{ turns, passed },
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}
