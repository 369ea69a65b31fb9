import type { JobParty } from './party-process.js';

export async function inferenceJob({ self }: JobParty): Promise<string> {
  return self;
}
