/** `reschedule`: what runs of an exported model open, changed without its checkpoint. */
import { UsageError } from '../../util/errors.js';
import { note } from '../../util/note.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { opensOption, scheduleQuantileOption } from '../opens-options.js';
import { print, printJson } from '../output.js';
import { readTexts } from '../texts.js';

type RescheduleOptions = OptionsOf<typeof OPTIONS>;

async function runReschedule(options: RescheduleOptions): Promise<void> {
  const { artifact: from, out, opens, scheduleQuantile, calibrate, json } = options;
  const { readArtifact, writeArtifact } = await import('../../model/artifact/artifact-file.js');
  const { reschedule, withoutSchedule } = await import('../../experiments/reschedule.js');
  const { artifact } = await readArtifact(from);
  if (opens === 'counts') {
    const { publicPart } = await writeArtifact(out, withoutSchedule(artifact));
    if (json) printJson({ artifact: out, opens, digest: publicPart.digest });
    else
      print(
        `${out}: thresholds decide, and how many tokens they keep is opened; digest ${publicPart.digest}`,
      );
    return;
  }
  if (calibrate === undefined)
    throw new UsageError('reschedule: expected --calibrate FILE with texts to measure a schedule on');
  const { inputs: texts, notes } = await readTexts({ file: calibrate });
  for (const line of notes) note(`cipherprune: ${line}`);
  const { artifact: scheduled, overflows } = await reschedule(artifact, texts, scheduleQuantile);
  if (overflows > 0)
    note(
      `warning: ${overflows} values did not fit the ranges, which were measured with fewer tokens: export from the checkpoint`,
    );
  const { publicPart } = await writeArtifact(out, scheduled);
  const { schedule } = scheduled.public;
  if (json)
    printJson({ artifact: out, opens, texts: texts.length, schedule, overflows, digest: publicPart.digest });
  else
    print(
      `${out}: nothing is opened but the answer, measured on ${texts.length} texts; digest ${publicPart.digest}`,
    );
}

const OPTIONS = {
  artifact: { type: 'string', demandOption: true, describe: 'Folder of the exported model' },
  out: { type: 'string', demandOption: true, describe: 'Folder of the changed one; may be the same' },
  opens: opensOption,
  'schedule-quantile': scheduleQuantileOption,
  calibrate: {
    type: 'string',
    describe: 'Texts to measure a schedule on, one a line (.jsonl: objects with text and textPair)',
    requiresArg: true,
  },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'reschedule',
  describe: 'Change what an exported model opens: public numbers of tokens, or counts text by text',
  options: OPTIONS,
  handler: runReschedule,
});
