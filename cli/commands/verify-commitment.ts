/** `verify-commitment`: for an auditor who is given a server's whole artifact, salt included. */
import { UsageError } from '../../util/errors.js';
import { defineCommand, type OptionsOf } from '../command.js';
import { jsonOption } from '../model-options.js';
import { print, printJson } from '../output.js';

type VerifyCommitmentOptions = OptionsOf<typeof OPTIONS> & OptionsOf<typeof POSITIONALS>;

async function verifyCommitment({ artifact, commitment, json }: VerifyCommitmentOptions): Promise<void> {
  const expected = commitment.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(expected))
    throw new UsageError('--commitment: expected 64 hexadecimal digits, as inspect and infer show them');
  const { readArtifact } = await import('../../model/artifact/artifact-file.js');
  const { entryOf } = await import('../../model/artifact/artifact-manifest.js');
  const { commitmentOf } = await import('../../model/artifact/commitment.js');
  const parts = await readArtifact(artifact);
  const { salt, files } = parts.privatePart;
  if (salt === null) throw new Error(`artifact ${artifact}: has no salt: exported by an older version`);
  const entries = [...files].map(entryOf);
  const { word } = parts.artifact.public.embedding;
  const opened = {
    weights: commitmentOf(salt, entries),
    'weights and word table (serve --private-embedding)': commitmentOf(salt, entries, word),
  };
  const match = Object.entries(opened).find(([, value]) => value === expected);
  if (!match)
    throw new Error(
      `artifact ${artifact}: is not what was committed to: expected ${expected}, got ${opened.weights}`,
    );
  const what = match[0];
  if (json) printJson({ artifact, commitment: expected, matches: true, committed: what });
  else print(`${artifact}: ${what} are those committed to by ${expected}`);
}

const POSITIONALS = {
  artifact: { type: 'string', demandOption: true, describe: 'Directory of the artifact' },
} as const;

const OPTIONS = {
  commitment: {
    type: 'string',
    demandOption: true,
    describe: 'What inspect and infer show to clients',
  },
  json: jsonOption,
} as const;

export const command = defineCommand({
  command: 'verify-commitment <artifact>',
  describe: 'For an auditor: check that a private part is the one that clients were shown a commitment to',
  positionals: POSITIONALS,
  options: OPTIONS,
  handler: verifyCommitment,
});
