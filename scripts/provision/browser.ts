import { existsSync } from 'node:fs';
import { installSystemPackages } from './system-packages.ts';

/** Where systems keep a Chromium. */
export const BROWSER_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
] as const;

/** The browser's program, or null where there is none. */
export function findBrowser(): string | null {
  return BROWSER_PATHS.find((path) => existsSync(path)) ?? null;
}

/** A Chromium for the tests of rooms, installed where it can be. Rejects with the line that helps. */
export async function provideBrowser(): Promise<void> {
  if (findBrowser() !== null) return;
  await installSystemPackages(['chromium'], 'to test rooms in a browser');
}
