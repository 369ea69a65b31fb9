import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { kernels } from '#kernels';
import { packageFile } from '../../util/package-file.js';

/** Names of the methods that the interfaces `...Kernels` of a file declare. */
function declared(path: string): string[] {
  const names: string[] = [];
  ts.forEachChild(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest), (node) => {
    if (!ts.isInterfaceDeclaration(node) || !node.name.text.endsWith('Kernels')) return;
    for (const member of node.members)
      if (member.name && ts.isIdentifier(member.name)) names.push(member.name.text);
  });
  return names;
}

it('is what kernels/types declares, no more and no less', () => {
  const folder = packageFile('kernels', 'types');
  const names = readdirSync(folder).flatMap((file) => declared(`${folder}/${file}`));
  expect(Object.keys(kernels).sort()).toEqual(names.sort());
});
