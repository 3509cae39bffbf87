import { loadLauncherSettings } from '../config/launcher-settings.ts';
import { createChronicle } from './demo/chronicle.ts';
import { tellCrisisStory } from './demo/crisis-story.ts';
import { openStack } from './demo/stack.ts';
import { tellStory } from './demo/story.ts';
import { messageOf } from './provision/progress.ts';

const SESSION = 'One session, from the booking to the follow-up; it takes about 90 seconds.';
const CRISIS = 'One crisis, from the report to its end; it takes some seconds.';

/** Takes one session of the running demo clinic, or one crisis, through its whole life; 0 when all went well. */
async function main(): Promise<number> {
  try {
    const stack = await openStack(loadLauncherSettings());
    const isCrisis = process.argv[2] === 'crisis';
    console.log(`\n  ${isCrisis ? CRISIS : SESSION}\n`);
    const tell = isCrisis ? tellCrisisStory : tellStory;
    await tell({ stack, chronicle: createChronicle(), note: console.log });
    if (stack.sandboxUrl !== '') console.log(`\n  All that was sent: ${stack.sandboxUrl}`);
    return 0;
  } catch (fault) {
    console.error(messageOf(fault));
    return 1;
  }
}

process.exitCode = await main();
if (process.connected) process.disconnect();
