/** A trained checkpoint → an artifact. */
import type { ExportedModel, ExportModelOptions } from '../training/export/export-model.js';
import { onUse } from './on-use.js';

/**
 * Rounds the weights of a checkpoint (or of a run's folder), measures ranges, and writes the artifact.
 * @throws UsageError without texts to calibrate on, CheckpointError, ArtifactError; MissingPackageError without TensorFlow.js
 */
export async function exportModel(options: ExportModelOptions): Promise<ExportedModel> {
  const { exportModel: write } = await onUse(() => import('../training/export/export-model.js'));
  return write(options);
}
