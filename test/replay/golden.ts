import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import protoPackage from '@temporalio/proto';

export type History = ReturnType<typeof historyFromJSON>;

export const folder = fileURLToPath(new URL('../histories', import.meta.url));

/** The keys that the histories were written with; they protect nothing else. */
export const keysFile = join(folder, 'keys', 'test-keys.json');

export interface Golden {
  readonly name: string;
  readonly workflowId: string;
  readonly history: unknown;
}

export async function readGoldens(): Promise<Golden[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Golden),
  );
}

/** A history as Temporal counts it. */
export function measure(history: unknown): { events: number; bytes: number; workflow: string } {
  const { temporal } = protoPackage;
  const parsed = historyFromJSON(history);
  const [first] = parsed.events ?? [];
  return {
    events: parsed.events?.length ?? 0,
    bytes: temporal.api.history.v1.History.encode(parsed).finish().length,
    workflow: first?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '',
  };
}
