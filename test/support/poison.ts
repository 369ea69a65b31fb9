/** Before every test file: arrays that are given back are overwritten, so that a protocol that still reads one fails its test. */
import { poisonWords } from '../../inference/core/words.js';

poisonWords();
