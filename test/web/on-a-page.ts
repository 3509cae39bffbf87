import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { until } from '../support/until.ts';

/** Notes what the page wants of the person's devices. */
export const COUNT_WISHES = `window.wishes = [];
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wish) => {
    window.wishes.push(...Object.keys(wish));
    return real(wish);
  };`;
/** A browser that can't share its screen, and whose person allows their devices only later. */
export const REFUSE_AT_FIRST = `window.tracks = [];
  window.isAllowed = false;
  delete MediaDevices.prototype.getDisplayMedia;
  const allowed = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (wish) => {
    if (!window.isAllowed) throw new DOMException('no', 'NotAllowedError');
    const stream = await allowed(wish);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
  window.tell = (kind, event) =>
    window.tracks.findLast((each) => each.kind === kind).dispatchEvent(new Event(event));
  window.lose = (kind) => {
    window.tracks.findLast((each) => each.kind === kind).stop();
    window.tell(kind, 'ended');
  };`;

/** Its host welcomes without a word of what the room can do, and does not know `open-media`. */
export const MEET_EARLIER_HOST = `window.WebSocket = class extends WebSocket {
  send(data) {
    super.send(String(data).replace('"open-media"', '"no-such-event"'));
  }
  set onmessage(hear) {
    super.onmessage = ({ data }) =>
      hear({ data: String(data).replace(/^(42\\["welcome".*)"rtpCapabilities"/, '$1"unknown"') });
  }
};`;

/** Reaches something by the keyboard alone, by the name that is read out. */
async function reach(page: Page, role: 'button' | 'combobox', name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).waitFor();
  const isThere = async (): Promise<boolean> => {
    const active = `(({ ariaLabel, textContent }) => ariaLabel ?? textContent)(document.activeElement)`;
    return (await page.evaluate(active)) === name;
  };
  for (let step = 0; step < 60 && !(await isThere()); step += 1) await page.keyboard.press('Tab');
  expect(await isThere()).toBe(true);
}

export async function press(page: Page, name: string): Promise<void> {
  await reach(page, 'button', name);
  await page.keyboard.press('Enter');
}

/** By the arrows: letters that come slowly are taken for the beginning of another option's name. */
export async function choose(page: Page, name: string, option: string): Promise<void> {
  const stepsTo = `(({ selectedIndex, options }) =>
    [...options].findIndex(({ label }) => label === '${option}') - selectedIndex)(document.activeElement)`;
  await until(async () => {
    await reach(page, 'combobox', name);
    const steps = await page.evaluate<number>(stepsTo);
    if (steps !== 0) await page.keyboard.press(steps > 0 ? 'ArrowDown' : 'ArrowUp');
    return steps === 0;
  });
  await page.keyboard.press('Enter');
}

/** What a screen reader reads next. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(
    '(({ tagName, textContent }) => `${tagName} ${textContent}`)(document.activeElement)',
  );
export const playing = (page: Page): Promise<number> =>
  page.evaluate(
    `[...document.querySelectorAll('.tile video')].filter((v) => v.currentTime > 0 && v.videoWidth > 0).length`,
  );
export const fitsIn = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');
