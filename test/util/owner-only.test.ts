import { expect, it } from 'vitest';
import { exposureOf } from '../../util/owner-only.js';

const own = process.getuid?.() ?? 0;

it.each([
  ['its owner', 0o100600, own, false],
  ['its owner, who may not write', 0o100400, own, false],
  ['the group', 0o100640, own, true],
  ['others, who may change it', 0o100602, own, true],
  ['everybody, of another user who mounts it', 0o100644, own + 1, false],
])('a secret for %s', (_, mode, uid, isExposed) => {
  expect(exposureOf({ mode, uid }) !== null).toBe(isExposed && process.platform !== 'win32');
});
