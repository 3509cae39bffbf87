import { provideSpeechEngine } from '../../scripts/provision/speech-engine.ts';
import { messageOf } from '../../scripts/provision/progress.ts';

/** Where the local engine is, or why there is none on this machine, said loudly. */
export const speechEngine: { readonly folder: string } | { readonly missing: string } =
  await provideSpeechEngine().then(
    (folder) => ({ folder }),
    (fault: unknown) => {
      console.error(`NOT TESTED: words of a real engine, since ${messageOf(fault)}`);
      return { missing: messageOf(fault) };
    },
  );
