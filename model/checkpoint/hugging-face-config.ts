/** `config.json` of a Hugging Face checkpoint ↔ ModelConfig, by the family that it names. */
import type { ModelConfig } from '../config.js';
import { ConfigurationError, writeShared } from '../families/configuration.js';
import { FAMILIES, familyOf } from '../families/index.js';
import { CheckpointError } from './checkpoint-error.js';

/** What config.json says: the encoder, and whether its head is that of a sequence classifier. */
export interface ReadConfig {
  readonly config: ModelConfig;
  /** The class that wrote the checkpoint, where it is another than a sequence classifier with a head like ours. */
  readonly foreignArchitecture: string | null;
}

/** Heads of these classes are stored under the names of a sequence classifier's, but are none. */
const isForeignHead = (architecture: string): boolean =>
  /For(TokenClassification|QuestionAnswering|MultipleChoice)$/.test(architecture);

function foreignArchitecture(literal: object): string | null {
  const architectures: unknown = 'architectures' in literal ? literal.architectures : null;
  const first: unknown = Array.isArray(architectures) ? architectures[0] : null;
  return typeof first === 'string' && isForeignHead(first) ? first : null;
}

/** Reads config.json. Throws CheckpointError for families and settings that we cannot run, by name. */
export function parseHuggingFaceConfig(text: string, file: string): ReadConfig {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch {
    throw new CheckpointError(`${file}: not JSON`);
  }
  if (typeof literal !== 'object' || literal === null || Array.isArray(literal))
    throw new CheckpointError(`${file}: expected a JSON object`);
  const family = familyOf('model_type' in literal ? literal.model_type : undefined);
  if (typeof family === 'string') throw new CheckpointError(`${file}: model_type: ${family}`);
  try {
    return { config: family.read(literal), foreignArchitecture: foreignArchitecture(literal) };
  } catch (error) {
    if (error instanceof ConfigurationError) throw new CheckpointError(`${file}: ${error.message}`);
    throw error;
  }
}

/** config.json of a sequence classifier, as the library reads it. */
export function toHuggingFaceConfig(config: ModelConfig): string {
  const family = FAMILIES[config.family];
  const literal = { ...writeShared(config, family.architecture), ...family.write(config) };
  return `${JSON.stringify(literal, null, 2)}\n`;
}
