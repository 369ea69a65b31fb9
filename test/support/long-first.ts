/** Files that take long begin first: a run on two cores would else end with one of them alone. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Ten seconds and more on a quiet machine. Others come as the test runner orders them. */
const LONG = [
  'test/security/answer-regression',
  'test/package/',
  'test/inference/three-party/every-message',
  'test/training/methods',
  'test/security/transcript',
  'test/examples/',
  'test/service/process',
  'test/methods/two-parties',
  'test/inference/three-party/faults',
];

const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((part) => moduleId.includes(part));

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
