import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createKeyRing } from '../../crypto/key-ring.ts';
import { startStack } from '../support/stack.ts';
import { devServer } from '../support/temporal.ts';
import { beginRun, endRun } from '../support/test-run.ts';
import { folder, keysFile, measure } from './golden.ts';
import { LIVES, liveThrough } from './lives.ts';

// Records the golden histories anew: `node test/replay/record.ts`, or with names, only those lives.
// Do so only when a change of a workflow is meant to be incompatible with what is running.
const AT_ONCE = 4;
const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : Object.keys(LIVES);

await mkdir(dirname(keysFile), { recursive: true });
await access(keysFile).catch(() => createKeyRing(keysFile));
await beginRun();
const server = await devServer();
try {
  const left = [...names];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await record(name);
    }),
  );
} finally {
  await server.teardown();
  await endRun();
}

/** Each life has a stack of its own, so that none waits in another's calendar. */
async function record(name: string): Promise<void> {
  const life = LIVES[name];
  if (life === undefined) throw new Error(`There is no life ${name}.`);
  const stack = await startStack(server, { keysFile });
  try {
    await stack.startWorker();
    const workflowId = await liveThrough(stack, life);
    const handle = stack.temporal.workflow.getHandle(workflowId);
    const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()));
    const golden = JSON.stringify({ name, workflowId, history });
    await writeFile(join(folder, `${name}.json`), `${golden}\n`);
    console.log(name, measure(history));
  } catch (error) {
    console.error(stack.logs());
    throw error;
  } finally {
    await stack.close();
  }
}
