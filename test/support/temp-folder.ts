import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A folder that goes when the test file has ended. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
