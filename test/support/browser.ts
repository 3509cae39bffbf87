import { describe } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { openFakePeople } from '../../scripts/pages/fake-people.ts';
import { findBrowser } from '../../scripts/provision/browser.ts';
import { workerBin } from './media.ts';

/** The browser's program; null where there is none, said loudly. */
export const browserPath: string | null = findBrowser();
if (browserPath === null)
  console.error('NOT TESTED: rooms in a browser, since there is no Chromium');

/** Like `describe`, but skipped where there is no browser or no media worker. */
export const describeBrowser =
  browserPath === null || workerBin === null ? describe.skip : describe;

export interface TestBrowser {
  /** A tab with the fake person's script. */
  open(join: () => Promise<object>): Promise<Page>;
  readonly browser: Browser;
  close(): Promise<void>;
}

/**
 * A headless Chromium with a fake camera and microphone, which plays a WAV file where one is given; its
 * script is made in `folder`.
 */
export async function startBrowser(folder: string, sound?: string): Promise<TestBrowser> {
  const people = await openFakePeople({
    browserPath: browserPath ?? '',
    entry: 'web/testing/peer.ts',
    folder,
    framesPerSecond: 5,
    sound,
  });
  const { browser, close } = people;
  return { browser, close, open: (joinRoom) => people.open({ joinRoom }) };
}
