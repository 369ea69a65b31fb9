/** Reading artifacts, and classification in the clear with the integers of private inference. */

import type { Classification } from '../inference/run/classification.js';
import type { CleartextClassifier } from '../inference/run/cleartext-classifier.js';
import type { TextInput } from '../inference/run/text-input.js';
import type { ArtifactParts } from '../model/artifact/artifact-file.js';
import { onUse } from './on-use.js';

/** Reads and checks both parts of an artifact's folder. Throws ArtifactError. */
export async function readArtifact(directory: string): Promise<ArtifactParts> {
  const { readArtifact: read } = await onUse(() => import('../model/artifact/artifact-file.js'));
  return read(directory);
}

/** One a model: preparing its weights takes longer than a short text. */
const classifiers = new WeakMap<ArtifactParts, Promise<CleartextClassifier>>();

async function open(artifact: ArtifactParts): Promise<CleartextClassifier> {
  const { CleartextClassifier } = await onUse(() => import('../inference/run/cleartext-classifier.js'));
  return CleartextClassifier.of(artifact);
}

/**
 * Classifies in the clear, in fixed point: what the private result must equal, up to one unit in the last place of a truncation.
 * `artifact` is a folder, or what `readArtifact` gave, which is prepared once for all calls.
 * @throws ArtifactError, InputError
 */
export async function classify(artifact: string | ArtifactParts, input: TextInput): Promise<Classification> {
  const parts = typeof artifact === 'string' ? await readArtifact(artifact) : artifact;
  const classifier = classifiers.get(parts) ?? open(parts);
  classifiers.set(parts, classifier);
  return (await classifier).classify(input);
}
