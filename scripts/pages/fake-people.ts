import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type Page, chromium } from 'playwright-core';

// A bundler does not run inside of a test's module system.
const builder = fileURLToPath(new URL('build-script.ts', import.meta.url));

export interface FakePeopleOptions {
  /** Chromium's program. */
  readonly browserPath: string;
  /** What the tabs run, from the repository's root. */
  readonly entry: string;
  /** Where the script is made. */
  readonly folder: string;
  /** Of the fake camera. */
  readonly framesPerSecond: number;
  /** A WAV file that the fake microphone plays again and again; beeps where there is none. */
  readonly sound?: string | undefined;
}

export interface FakePeople {
  readonly browser: Browser;
  /** A tab with the script. It may ask for what `given` names. */
  open(given: Readonly<Record<string, () => Promise<object>>>): Promise<Page>;
  close(): Promise<void>;
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // Addresses as they are: no name of the local network is made up for them.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** A headless Chromium with a fake camera and microphone, for tests and measures of rooms. */
export async function openFakePeople(options: FakePeopleOptions): Promise<FakePeople> {
  const { browserPath, entry, folder, framesPerSecond, sound } = options;
  await promisify(execFile)(process.execPath, [builder, entry, folder]);
  const server = await serve(await readFile(join(folder, 'page.js')));
  const camera = `--use-fake-device-for-media-stream=fps=${framesPerSecond}`;
  const microphone = sound === undefined ? [] : [`--use-file-for-fake-audio-capture=${sound}`];
  const browser = await chromium.launch({
    executablePath: browserPath,
    headless: true,
    args: [...FLAGS, camera, ...microphone],
  });
  const { port } = server.address() as AddressInfo;
  return {
    browser,
    open: async (given) => {
      const page = await browser.newPage();
      for (const [name, answer] of Object.entries(given)) await page.exposeFunction(name, answer);
      await page.goto(`http://localhost:${port}/`);
      return page;
    },
    close: async () => {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(script: Buffer): Promise<Server> {
  const server = createServer(({ url }, response) => {
    if (url === '/page.js') {
      response.setHeader('content-type', 'text/javascript').end(script);
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><body><script src="/page.js"></script></body>');
  });
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}
