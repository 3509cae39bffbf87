import { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Run as a process of its own: `download-temporal.ts <cli|test-server> <version> <folder>`.
 * Temporal's own downloader is part of its test environment and can't be called alone or given up
 * half-way, so this starts the environment once, which leaves the program in the folder.
 */
const [kind, version, downloadDir] = process.argv.slice(2);
if (version === undefined || downloadDir === undefined)
  throw new Error('version and folder expected');
const server = { executable: { type: 'cached-download', version, downloadDir } as const };
const environment =
  kind === 'cli'
    ? await TestWorkflowEnvironment.createLocal({ server })
    : await TestWorkflowEnvironment.createTimeSkipping({ server });
await environment.teardown();
