import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe } from '@jest/globals';
import { type Browser, type Page, chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/provision/browser.ts';
import { workerBin } from './media.ts';

/** The browser's program; null where there is none, said loudly. */
export const browserPath: string | null = findBrowser();
if (browserPath === null)
  console.error('NOT TESTED: rooms in a browser, since there is no Chromium');

/** Like `describe`, but skipped where there is no browser or no media worker. */
export const describeBrowser =
  browserPath === null || workerBin === null ? describe.skip : describe;

// A bundler does not run inside of the test's own module system.
const builder = fileURLToPath(new URL('../../scripts/pages/build-script.ts', import.meta.url));

export interface TestBrowser {
  /** A tab with the fake person's script. */
  open(join: () => Promise<object>): Promise<Page>;
  readonly browser: Browser;
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
  '--use-fake-device-for-media-stream=fps=5',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  // Addresses as they are: no name of the local network is made up for them.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** A headless Chromium with a fake camera and microphone; its script is made in `folder`. */
export async function startBrowser(folder: string): Promise<TestBrowser> {
  await promisify(execFile)(process.execPath, [builder, 'web/testing/peer.ts', folder]);
  const script = await readFile(join(folder, 'page.js'));
  const server = await serve(script);
  const browser = await chromium.launch({
    executablePath: browserPath ?? '',
    headless: true,
    args: FLAGS,
  });
  const { port } = server.address() as AddressInfo;
  return {
    browser,
    open: async (joinRoom) => {
      const page = await browser.newPage();
      await page.exposeFunction('joinRoom', joinRoom);
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
    if (url === '/peer.js') {
      response.setHeader('content-type', 'text/javascript').end(script);
      return;
    }
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><body><script src="/peer.js"></script></body>');
  });
  return new Promise((resolve) => server.listen(0, () => resolve(server)));
}
