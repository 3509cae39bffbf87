import { loadLauncherSettings } from '../config/launcher-settings.ts';
import { createChronicle } from './demo/chronicle.ts';
import { openStack } from './demo/stack.ts';
import { tellStory } from './demo/story.ts';
import { messageOf } from './provision/progress.ts';

/** Takes one session of the running demo clinic through its whole life; 0 when all went well. */
async function main(): Promise<number> {
  try {
    const stack = await openStack(loadLauncherSettings());
    console.log('\n  One session, from the booking to the follow-up; it takes about 90 seconds.\n');
    await tellStory({ stack, chronicle: createChronicle(), note: console.log });
    if (stack.sandboxUrl !== '') console.log(`\n  All that was sent: ${stack.sandboxUrl}`);
    return 0;
  } catch (fault) {
    console.error(messageOf(fault));
    return 1;
  }
}

process.exitCode = await main();
if (process.connected) process.disconnect();
