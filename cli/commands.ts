/**
 * Every command, one line each, in the order in which help lists them. A command file exports one `command`; it is loaded when it is the one
 * that runs, and all are for help.
 */
import type { Command } from './command.js';

type CommandFile = () => Promise<{ readonly command: Command }>;

const FILES = {
  demo: () => import('./commands/demo.js'),
  train: () => import('./commands/train.js'),
  export: () => import('./commands/export.js'),
  inspect: () => import('./commands/inspect.js'),
  verify: () => import('./commands/verify.js'),
  reschedule: () => import('./commands/reschedule.js'),
  'verify-commitment': () => import('./commands/verify-commitment.js'),
  serve: () => import('./commands/serve.js'),
  infer: () => import('./commands/infer.js'),
  'share-model': () => import('./commands/share-model.js'),
  'serve-node': () => import('./commands/serve-node.js'),
  evaluate: () => import('./commands/evaluate.js'),
  predict: () => import('./commands/predict.js'),
  tokenize: () => import('./commands/tokenize.js'),
  tokens: () => import('./commands/tokens.js'),
  estimate: () => import('./commands/estimate.js'),
  measure: () => import('./commands/measure.js'),
  sweep: () => import('./commands/sweep.js'),
  soup: () => import('./commands/soup.js'),
  report: () => import('./commands/report.js'),
  paper: () => import('./commands/paper.js'),
  work: () => import('./commands/work.js'),
  generate: () => import('./commands/generate.js'),
  bench: () => import('./commands/bench.js'),
  'insecure-compare': () => import('./commands/insecure-compare.js'),
} satisfies Readonly<Record<string, CommandFile>>;

const isCommand = (name: string): name is keyof typeof FILES => Object.hasOwn(FILES, name);

/** The command of this name alone; all of them where there is none, to tell what there is. */
export async function loadCommands(name?: string): Promise<readonly Command[]> {
  const files: readonly CommandFile[] =
    name !== undefined && isCommand(name) ? [FILES[name]] : Object.values(FILES);
  return (await Promise.all(files.map((load) => load()))).map(({ command }) => command);
}
