/**
 * CipherPrune as a library: private text classification. A server holds a model and never sees a text; a client holds a text
 * and never sees the weights. The command line is written on these functions. Everything is loaded when it is used.
 */

export { classify, readArtifact } from './api/classify.js';
export { type ConnectOptions, connect } from './api/connect.js';
export { exportModel } from './api/export-model.js';
export { type ServeOptions, type Server, serve } from './api/serve.js';
export { planTraining, type TrainOptions, train } from './api/train.js';
export { ConfigError } from './config/config-error.js';
export type { RunConfig, RunConfigInput } from './config/schema.js';
export { DatasetError } from './data/sources/dataset-error.js';
export type { CallOptions } from './inference/client/client.js';
export type { NewServer } from './inference/client/open-client.js';
export type { LastingClient as Client } from './inference/client/lasting-client.js';
export { ModelChangedError } from './inference/client/model-changed-error.js';
export { ResidentWeightsError } from './inference/client/resident-weights-error.js';
export { OpensMoreError } from './inference/run/opens-more-error.js';
export type { Expected } from './inference/client/warm.js';
export type { CotKind } from './inference/core/cot-kind.js';
export {
  PeerClosedError,
  PeerTimeoutError,
  ProtocolError,
  UnreachableError,
} from './inference/core/errors.js';
export type { Wait } from './inference/net/notice.js';
export { type RefusalKind, RefusedError } from './inference/net/refusal.js';
export type { BatchReport, Classification, LayerReport } from './inference/run/classification.js';
export type { Openings } from './inference/run/openings.js';
export type { TextInput } from './inference/run/text-input.js';
export type { Cost } from './inference/session/meter.js';
export type { LeakRecord } from './inference/session/session.js';
export type { Artifact, PrivateModel, PublicModel } from './model/artifact/artifact.js';
export { ArtifactError } from './model/artifact/artifact-error.js';
export type { ArtifactParts } from './model/artifact/artifact-file.js';
export { CheckpointError } from './model/checkpoint/checkpoint-error.js';
export { TrainingError } from './training/errors.js';
export type { Evaluation } from './training/evaluate/evaluation.js';
export type { ExportedModel, ExportModelOptions } from './training/export/export-model.js';
export type { PhasePlan, TrainingPlan } from './training/loop/training-plan.js';
export type { EvaluationReport, Listener, StepReport } from './training/loop/progress.js';
export type { TrainedModel } from './training/loop/run-training.js';
export { CipherPruneError, InputError, MissingPackageError, OutputError, UsageError } from './util/errors.js';
