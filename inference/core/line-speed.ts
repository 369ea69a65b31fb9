/**
 * How fast the line between two parties is. Layouts of ciphertexts trade bytes for work by it (crypto/rlwe/packed-layout.ts), so both
 * parties take the same: the server says in the handshake what it insists on, and the client decides what that leaves open.
 */
export const LINE_SPEEDS = ['fast', 'slow'] as const;

/** `fast`: parties in one machine or building. `slow`: an internet between them, some 200 Mbit/s. */
export type LineSpeed = (typeof LINE_SPEEDS)[number];

export const DEFAULT_LINE: LineSpeed = 'fast';

export const LINE_WISHES = ['auto', ...LINE_SPEEDS] as const;

/** `auto`: whatever the peer wants, and what the client measures if neither wants anything. */
export type LineWish = (typeof LINE_WISHES)[number];

export const DEFAULT_LINE_WISH: LineWish = 'auto';

/** No network within a building takes as long, there and back. */
export const SLOW_ROUND_TRIP_MILLISECONDS = 5;

/** By what either end wants; null where it is to be measured. */
export function wishedLine(ofServer: LineWish, ofClient: LineWish): LineSpeed | null {
  const wish = ofServer === 'auto' ? ofClient : ofServer;
  return wish === 'auto' ? null : wish;
}

/** What is far away is slow: bandwidth cannot be known before much has been sent. */
export const lineOfRoundTrip = (milliseconds: number): LineSpeed =>
  milliseconds > SLOW_ROUND_TRIP_MILLISECONDS ? 'slow' : 'fast';
