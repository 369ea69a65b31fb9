/**
 * Who multiplies shared matrices under encryption: the server alone, or both parties at the same time, half each. Agreed on in the
 * handshake, by how many threads either end would multiply with.
 */
import { kernelKind, kernelThreads } from '#kernels';

export const MULTIPLYING_PARTIES = ['both', 'server'] as const;
export type MultiplyingParties = (typeof MULTIPLYING_PARTIES)[number];

/** WebAssembly takes longer for a half than a server for all. */
const DEFAULT_PARTIES: MultiplyingParties = kernelKind === 'native' ? 'both' : 'server';
/** As a byte of the handshake holds it. */
const MOST_THREADS = 255;

/**
 * Of a client, by default. On one machine the parties share its processors, and two halves are more work than the whole: each has an answer to pack,
 * to hide and to decrypt. Undefined: as the kernels here allow.
 */
export const partiesFor = (isSameMachine: boolean): MultiplyingParties | undefined =>
  isSameMachine ? 'server' : undefined;

/** Of this end; 0: the server shall do it alone. */
export const multiplyingThreads = (parties: MultiplyingParties = DEFAULT_PARTIES): number =>
  parties === 'both' ? Math.min(kernelThreads, MOST_THREADS) : 0;

/** Do both? Where the client is done with its half before the server were with all. */
export const areMutual = (ofServer: number, ofClient: number): boolean =>
  ofServer > 0 && 2 * ofClient > ofServer;
