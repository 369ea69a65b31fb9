/** `bench protocols`: each protocol between two processes. */
import type { NetworkName } from './networks.js';
import { runPair } from './pair.js';
import { PROTOCOL_CASES } from './protocol-cases.js';
import type { ProtocolFigure } from './protocols-job.js';

export const protocolNames = (): string[] => PROTOCOL_CASES.map(({ name }) => name);

export interface ProtocolsOptions {
  /** Null: all. */
  readonly names: readonly string[] | null;
  readonly network: NetworkName;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

export async function benchProtocols(options: ProtocolsOptions): Promise<ProtocolFigure[]> {
  const { names, network, onProgress, signal } = options;
  const { client } = await runPair({
    job: 'protocols',
    parameters: names,
    network,
    onProgress: (role, text) => role === 'client' && onProgress(text),
    ...(signal ? { signal } : {}),
  });
  return client.value as ProtocolFigure[];
}
