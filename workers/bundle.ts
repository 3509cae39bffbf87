import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { failureConverterPath } from '../crypto/data-converter.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Each lane's workflows: what a bundle holds is evaluated for every new workflow. */
const ENTRIES = { workflows: 'workflows/index.ts', crisis: 'workflows/crisis-lane.ts' } as const;
/** All that a workflow may import: a change of any of these files makes another bundle. */
const SOURCES = ['workflows', 'domain', 'crypto/failure-converter.ts', 'package-lock.json'];

/**
 * The workflows as one file that a worker loads without building. It is made where it is
 * missing, under a name that is the digest of its sources.
 */
export async function provideWorkflowBundle(
  folder: string,
  lane: keyof typeof ENTRIES = 'workflows',
): Promise<{ codePath: string }> {
  const codePath = join(folder, `${lane}-${await digestOfSources()}.js`);
  if (await isReadable(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(root, ENTRIES[lane]),
    failureConverterPath,
  });
  await mkdir(dirname(codePath), { recursive: true });
  const unfinished = `${codePath}.${randomUUID()}`;
  await writeFile(unfinished, code);
  await rename(unfinished, codePath);
  return { codePath };
}

async function digestOfSources(): Promise<string> {
  const digest = createHash('sha256');
  const require = createRequire(import.meta.url);
  digest.update(require('@temporalio/worker/package.json').version as string);
  for (const source of SOURCES) {
    for (const file of await filesBelow(join(root, source))) {
      digest.update(file.slice(root.length)).update(await readFile(file));
    }
  }
  return digest.digest('hex').slice(0, 16);
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => null);
  if (entries === null) return [path];
  return entries
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .toSorted();
}

async function isReadable(path: string): Promise<boolean> {
  return readFile(path).then(
    (content) => content.length > 0,
    () => false,
  );
}
