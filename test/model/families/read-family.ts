/** A family's case as it is read from a folder that this project did not write. */
import type { Checkpoint } from '../../../model/checkpoint/checkpoint.js';
import { readCheckpointTensors } from '../../../model/checkpoint/checkpoint-tensors.js';
import { parseHuggingFaceConfig } from '../../../model/checkpoint/hugging-face-config.js';
import type { FamilyCase, Stored } from './family-checkpoints.js';

export function readFamily(family: FamilyCase, stored: Stored): Checkpoint {
  const { config } = parseHuggingFaceConfig(JSON.stringify(family.config), 'config.json');
  return {
    config,
    ...readCheckpointTensors(stored, config, 'model.safetensors'),
    tokenizerFiles: {},
    details: null,
  };
}
