/** A process that reports how large it became, and ends. */
import { peakMemoryBytes } from '../../bench/measure.js';

process.send!(peakMemoryBytes(), () => process.disconnect());
