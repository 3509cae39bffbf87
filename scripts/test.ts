import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { runJest } from './checks/jest.ts';
import { runInherited } from './checks/run-inherited.ts';
import { root } from './root.ts';
import { provideMediaWorker } from './provision/media-worker.ts';
import { provideBrowser } from './provision/browser.ts';
import { provideFfmpeg } from './provision/ffmpeg.ts';
import { messageOf } from './provision/progress.ts';
import { provideTemporalCli, provideTestServer } from './provision/temporal-tools.ts';

interface Tally {
  passed: number;
  failed: number;
}

interface Check {
  title: string;
  run: () => Promise<Tally>;
}

/** A tool that says yes or no counts as one. */
function toolCheck(title: string, tool: string, args: readonly string[]): Check {
  const path = join(root, 'node_modules', '.bin', tool);
  return {
    title,
    run: async () => {
      const code = await runInherited(path, args);
      return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    },
  };
}

function allChecks(): Check[] {
  const typeAware = existsSync(join(root, 'node_modules', 'oxlint-tsgolint'));
  return [
    toolCheck('format', 'prettier', ['--check', '--log-level', 'warn', '.']),
    toolCheck('lint', 'oxlint', ['--deny-warnings', ...(typeAware ? ['--type-aware'] : [])]),
    toolCheck('types', 'tsc', ['-p', '.']),
    toolCheck('types of the pages', 'tsc', ['-p', 'web']),
    { title: 'tests', run: () => runJest([`--maxWorkers=${Math.min(4, availableParallelism())}`]) },
  ];
}

/** With arguments, only the tests that they select; `npm test -- test/domain`, for instance. */
function chosenChecks(args: readonly string[]): Check[] {
  return args.length === 0 ? allChecks() : [{ title: 'tests', run: () => runJest(args) }];
}

async function main(): Promise<Tally> {
  // Without it the tests of video rooms are left out, which must be seen.
  const media = provideMediaWorker().then(
    () => null,
    (fault: unknown) => `NOT TESTED: everything about media. ${messageOf(fault)}`,
  );
  const browser = media.then(provideBrowser).then(
    () => null,
    (fault: unknown) => `NOT TESTED: rooms in a browser. ${messageOf(fault)}`,
  );
  // One after another: two installations of system packages would be in each other's way.
  const ffmpeg = browser.then(provideFfmpeg).then(
    () => null,
    (fault: unknown) => `NOT TESTED: recordings. ${messageOf(fault)}`,
  );
  const [noMedia, noBrowser, noFfmpeg] = await Promise.all([
    media,
    browser,
    ffmpeg,
    provideTemporalCli(),
    provideTestServer(),
  ]);
  const total: Tally = { passed: 0, failed: 0 };
  for (const { title, run } of chosenChecks(process.argv.slice(2))) {
    console.log(`\n${title}`);
    const { passed, failed } = await run();
    console.log(`${title}: ${passed} passed, ${failed} failed`);
    total.passed += passed;
    total.failed += failed;
  }
  for (const reason of [noMedia, noBrowser, noFfmpeg])
    if (reason !== null) console.error(`\n${reason}`);
  return total;
}

const total = await main().catch((fault: unknown): Tally => {
  console.error(messageOf(fault));
  return { passed: 0, failed: 1 };
});
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
if (process.connected) process.disconnect();
