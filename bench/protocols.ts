/** `bench protocols`: each protocol between two processes. */

import type { CotKind } from '../inference/core/cot-kind.js';
import { functionCases } from './function-cases.js';
import type { NetworkName } from './networks.js';
import { runPair } from './pair.js';
import { LEAF_CASES } from './protocol-cases.js';
import type { ProtocolFigure, ProtocolsParameters } from './protocols-job.js';

export const protocolNames = (): string[] => [...LEAF_CASES, ...functionCases()].map(({ name }) => name);

export interface ProtocolsOptions {
  /** Null: all. */
  readonly names: readonly string[] | null;
  readonly network: NetworkName;
  readonly cots: CotKind;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

export async function benchProtocols(options: ProtocolsOptions): Promise<ProtocolFigure[]> {
  const { names, network, cots, onProgress, signal } = options;
  const parameters: ProtocolsParameters = { names, cots };
  const { client } = await runPair({
    job: 'protocols',
    parameters,
    network,
    onProgress: (role, text) => role === 'client' && onProgress(text),
    ...(signal ? { signal } : {}),
  });
  return client.value as ProtocolFigure[];
}
