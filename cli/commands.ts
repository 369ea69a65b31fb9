/**
 * Every command, one line each. A command file exports one `command` and stays light: what is slow
 * to load (TensorFlow.js, the native kernels, tokenizers) is imported inside its handler.
 */
import type { Command } from './command.js';
import { command as bench } from './commands/bench.js';
import { command as demo } from './commands/demo.js';
import { command as estimate } from './commands/estimate.js';
import { command as evaluate } from './commands/evaluate.js';
import { command as exportCommand } from './commands/export.js';
import { command as generate } from './commands/generate.js';
import { command as infer } from './commands/infer.js';
import { command as insecureCompare } from './commands/insecure-compare.js';
import { command as inspect } from './commands/inspect.js';
import { command as measure } from './commands/measure.js';
import { command as paper } from './commands/paper.js';
import { command as predict } from './commands/predict.js';
import { command as report } from './commands/report.js';
import { command as reschedule } from './commands/reschedule.js';
import { command as serve } from './commands/serve.js';
import { command as serveNode } from './commands/serve-node.js';
import { command as shareModel } from './commands/share-model.js';
import { command as soup } from './commands/soup.js';
import { command as sweep } from './commands/sweep.js';
import { command as tokens } from './commands/tokens.js';
import { command as tokenize } from './commands/tokenize.js';
import { command as train } from './commands/train.js';
import { command as verify } from './commands/verify.js';
import { command as verifyCommitment } from './commands/verify-commitment.js';
import { command as work } from './commands/work.js';

export const commands: readonly Command[] = [
  demo,
  train,
  exportCommand,
  inspect,
  verify,
  reschedule,
  verifyCommitment,
  serve,
  infer,
  shareModel,
  serveNode,
  evaluate,
  predict,
  tokenize,
  tokens,
  estimate,
  measure,
  sweep,
  soup,
  report,
  paper,
  work,
  generate,
  bench,
  insecureCompare,
];
