/** `bench inference`: texts through a model of real shapes with random weights, both parties as processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SUITE } from '../inference/core/suite.js';
import { DEFAULT_LINE } from '../inference/core/line-speed.js';
import { bucketOf } from '../inference/run/request.js';
import { writeArtifact } from '../model/artifact/artifact-file.js';
import { importantShare } from './counted.js';
import type { InferenceParameters } from './inference-job.js';
import { leavingCounts, modelConfigOf } from './model-sizes.js';
import { runPair } from './pair.js';
import { configFor, ofMethod, randomArtifact, randomInput, withThresholds } from './random-model.js';
import { runWithSchedule } from './schedule-thresholds.js';
import { figureOf, type InferenceFigure } from './inference-figure.js';
import type { InferenceOptions } from './inference-options.js';

/** The artifact is written to a temporary folder, from which each party reads its part, and removed afterwards. */
export async function benchInference(options: InferenceOptions): Promise<InferenceFigure> {
  const {
    model,
    method,
    tokens,
    schedule,
    importantRatio,
    preprocess,
    network,
    cots,
    check,
    seed,
    batch,
    texts,
    onProgress,
    signal,
  } = options;
  const config = modelConfigOf(model);
  const ids = randomInput(config, tokens, seed);
  const directory = await mkdtemp(join(tmpdir(), 'cipherprune-bench-'));
  try {
    onProgress('drawing weights');
    const plain = ofMethod(randomArtifact(configFor(method, config), seed), method);
    if (check || schedule || preprocess) onProgress('running the cleartext backend');
    const needsRun = check || schedule !== null || preprocess;
    const leaving = schedule && leavingCounts(schedule);
    const cleartext = needsRun
      ? await runWithSchedule(plain, ids, leaving, importantShare(method, importantRatio), method)
      : null;
    const artifact = cleartext?.thresholds ? withThresholds(plain, cleartext.thresholds, method) : plain;
    await writeArtifact(join(directory, 'artifact'), artifact);
    onProgress('starting both parties');
    const parameters: InferenceParameters = {
      directory: join(directory, 'artifact'),
      ids,
      bucket: bucketOf(tokens),
      cots,
      checks: options.checks ?? false,
      suite: options.suite ?? DEFAULT_SUITE,
      mutual: options.mutual ?? true,
      line: options.line ?? DEFAULT_LINE,
      residentWeights: options.residentWeights ?? false,
      ahead: preprocess ? cleartext!.layers : null,
      batch,
      runs: texts / batch,
      trace: options.timeline ?? false,
    };
    const reports = await runPair({
      job: 'inference',
      parameters,
      network,
      cores: options.cores,
      onProgress: (role, text) => role === 'client' && onProgress(text),
      ...(signal ? { signal } : {}),
    });
    return figureOf(options, reports, cleartext);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
