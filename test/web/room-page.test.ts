import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import type { Page } from 'playwright-core';
import { v7 } from 'uuid';
import { roomPage } from '../../api/room/page.ts';
import { roomRouter } from '../../api/room/router.ts';
import type { RoomMode, RoomPolicy } from '../../domain/room.ts';
import { type KeyRing, ephemeralKeyRing } from '../../crypto/key-ring.ts';
import type { RoomRecorder } from '../../workers/media/signalling/live-recording.ts';
import { type SessionBench, startSessionBench } from '../activities/session/bench.ts';
import { type TestBrowser, describeBrowser, startBrowser } from '../support/browser.ts';
import { type Guest, type RoomHost, joinRoom, startRoomHost } from '../support/room-host.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { until } from '../support/until.ts';
import {
  COUNT_WISHES,
  MEET_EARLIER_HOST,
  REFUSE_AT_FIRST,
  choose,
  fitsIn,
  focused,
  playing,
  press,
} from './on-a-page.ts';

const PASS = {};
const PHONE = { width: 360, height: 740 };

/** Takes everything in and keeps nothing: what comes of it is tested in workers/media. */
const recorder: RoomRecorder = {
  begin: async () => ({
    producerIds: [],
    take: () => undefined,
    drop: () => undefined,
    end: async () => undefined,
  }),
};

describeBrowser('the page of a room', () => {
  const folder = tempFolder();
  const sessionId = v7();
  const guests = new Map<string, Guest>();
  let bench: SessionBench;
  let keyRing: KeyRing;
  let rooms: RoomHost;
  let browser: TestBrowser;
  let server: Server;
  let url: string;
  let mode: RoomMode = 'video';

  beforeAll(async () => {
    [bench, keyRing, browser] = await Promise.all([
      startSessionBench(),
      ephemeralKeyRing(),
      startBrowser(folder),
    ]);
    const policyOf = (): RoomPolicy => ({
      mode,
      capacity: 4,
      maxObservers: 1,
      hasWaitingRoom: true,
      opensAt: 0,
      closesAt: Date.now() + 3_600_000,
      graceMs: 30_000,
    });
    rooms = await startRoomHost(bench.knex, keyRing, policyOf, { cores: 1 }, () => recorder);
    const app = express();
    app.use('/room', roomRouter({ isAvailable: () => Promise.resolve(true), page: roomPage }));
    app.post('/teletherapy/sessions/:id/join', async ({ params, headers }, response) => {
      const guest = guests.get(headers.authorization?.replace('Bearer ', '') ?? '');
      if (guest === undefined) response.status(401).json({ message: 'Sign in first.' });
      else {
        const joined = await joinRoom(bench.knex, keyRing, params.id, guest);
        response.json({ ...joined, room: { mode } });
      }
    });
    server = app.listen(0);
    url = `http://localhost:${(server.address() as AddressInfo).port}/room/${sessionId}`;
    await roomPage();
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rooms.close();
    await bench.close();
  });

  async function open(
    displayName: string,
    role: Guest['role'],
    viewport = PHONE,
    room = sessionId,
    script = '',
  ): Promise<Page> {
    const personId = guests.get(displayName)?.personId ?? (await bench.person());
    guests.set(displayName, { personId, displayName, role });
    const context = await browser.browser.newContext({ viewport });
    const page = await context.newPage();
    await page.addInitScript(COUNT_WISHES + script);
    page.on('pageerror', (error) => console.error(displayName, error.message));
    page.on('console', (line) => {
      if (line.type() === 'error') faults.push(line.text());
    });
    await page.goto(`${url.replace(sessionId, room)}#token=${displayName}`);
    return page;
  }
  const faults: string[] = [];

  test('all agree to a recording by the keyboard, see it, and can take it back', async () => {
    const { id, therapist_id: host, client_id: client } = await bench.book();
    guests.set('Gia', { personId: host, displayName: 'Gia', role: 'host' });
    guests.set('Hal', { personId: client!, displayName: 'Hal', role: 'participant' });
    await bench.knex('hosted_sessions').insert({ session_id: id, is_recorded: true });
    const gia = await open('Gia', 'host', PHONE, id);
    const hal = await open('Hal', 'participant', PHONE, id);
    await press(gia, 'Join');
    await press(hal, 'Join');
    await press(gia, 'Let in: Hal');
    await press(gia, 'Record');
    await gia.getByText('Not recording yet: one person has not agreed.').waitFor();
    await hal.getByRole('dialog', { name: 'May this session be recorded?' }).waitFor();
    await press(hal, 'I agree');
    for (const page of [gia, hal]) await page.getByText('Recording', { exact: true }).waitFor();
    await press(hal, 'Take back my consent');
    for (const page of [gia, hal]) {
      await page.getByText('The recording has ended: a consent was taken back.').waitFor();
      expect(await fitsIn(page)).toBe(true);
    }
    await Promise.all([gia.context().close(), hal.context().close()]);
  }, 120_000);

  test('two meet by the keyboard alone, on screens as small as a phone', async () => {
    const [ann, ben] = [await open('Ann', 'host'), await open('Ben', 'participant')];
    await press(ann, 'Join');
    await ann.getByText('Lock the room').waitFor();
    expect(await focused(ann)).toBe('H1 Your appointment');
    await press(ben, 'Join');
    await ben.getByText('Somebody will let you in soon.').waitFor();
    expect(await focused(ben)).toBe('H1 Please wait');
    await ann.getByText('Ben waits to be let in.').waitFor();
    await press(ann, 'Let in: Ben');
    await ann.getByText('Ben waits to be let in.').waitFor({ state: 'detached' });
    await until(async () => (await playing(ann)) === 2 && (await playing(ben)) === 2);
    expect([await fitsIn(ann), await fitsIn(ben)]).toEqual([true, true]);

    await ben.getByRole('textbox', { name: 'Message' }).fill('Good morning');
    await ben.keyboard.press('Enter');
    await ann.getByText('Good morning').waitFor();
    await press(ben, 'Microphone: on');
    await ben.getByText('Microphone: off').waitFor();
    await ann.getByText('Ben (microphone off)').waitFor();
    await ben.getByText('You (microphone off)').waitFor();
    await press(ann, 'Ask to mute: Ben');
    await ben.getByText('You are asked to switch your microphone off.').waitFor();
    ann.on('dialog', (dialog) => void dialog.accept('Five minutes are left'));
    await press(ann, 'Tell everybody');
    await ben.getByRole('alert').getByText('Five minutes are left').waitFor();
    await ben.getByRole('log').getByText('To everybody').waitFor();
    expect(await ben.getByRole('log').textContent()).toContain('Five minutes are left');
    const quietly = 'Call a colleague: nobody in the room is told';
    expect(await ann.getByRole('button', { name: quietly }).textContent()).toBe('Call a colleague');
    await press(ann, quietly);
    await until(async () => (await bench.knex('crisis_alerts')).length === 1);
    expect(await ben.textContent('main')).not.toMatch(/help|done|colleague/i);
    await choose(ann, 'Room for Ben', 'Room 2');
    await press(ann, 'Open breakout rooms');
    await ben.getByRole('heading', { name: 'Room 2' }).waitFor();
    await until(async () => (await playing(ben)) === 1);
    await choose(ann, 'Room for Ben', 'Room 1');
    await ben.getByRole('heading', { name: 'Room 1' }).waitFor();
    await choose(ann, 'Room for you', 'Room 1');
    await until(async () => (await playing(ann)) === 2 && (await playing(ben)) === 2);
    await press(ann, 'End breakouts');
    await until(async () => (await playing(ann)) === 2 && (await playing(ben)) === 2);
    await press(ben, 'Leave');
    await ben.getByRole('heading', { name: 'You have left.' }).waitFor();
    expect(await focused(ben)).toBe('H1 You have left.');
    // Nothing that the page does is against its own content policy.
    expect(faults.filter((line) => line.includes('Content Security Policy'))).toEqual([]);
  }, 120_000);

  test('what stands in somebody’s way is told them in words, and passes where it can', async () => {
    await open('Eve', 'participant').then((page) => page.close());
    const page = await browser.browser.newPage();
    await page.addInitScript(`navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException('no', 'NotAllowedError'))`);
    let answer: object = { status: 503, json: { message: 'No video host takes rooms now' } };
    await page.route('**/join', (route) =>
      answer === PASS ? route.continue() : route.fulfill(answer),
    );
    await page.goto(`${url}#token=Eve`);
    await page.getByText('allow them beside the address').waitFor();
    await press(page, 'Join');
    await page.getByText('No video host takes rooms now. Trying again.').waitFor();
    answer = { status: 422, json: { message: 'x', opensAt: new Date().toISOString() } };
    await page.getByText('The room opens').waitFor();
    answer = { status: 409, json: { message: 'The room of this session is not open.' } };
    await press(page, 'Come again');
    await press(page, 'Join');
    await page.getByText('The room of this session is not open.').waitFor();
    answer = PASS;
    await press(page, 'Come again');
    await press(page, 'Join');
    await page.getByText('Somebody will let you in soon.').waitFor();
    answer = { status: 401, json: { message: 'The token has expired.' } };
    await press(page, 'Leave');
    await press(page, 'Come again');
    await press(page, 'Join');
    await page.getByRole('heading', { name: 'Please say who you are again.' }).waitFor();
    await press(page, 'Sign in');
    await page.getByRole('textbox', { name: 'E-mail' }).waitFor();
    await page.close();
  }, 120_000);

  test('a device that is allowed late, or was lost, is switched on in the room', async () => {
    const room = v7();
    const host = await open('Mia', 'host', PHONE, room, REFUSE_AT_FIRST);
    await press(host, 'Join');
    await press(host, 'Camera: off');
    await host.getByText('Your camera is not allowed here.').waitFor();
    await host.evaluate('window.isAllowed = true');
    await press(host, 'Camera: off');
    await press(host, 'Microphone: off');
    for (const device of ['Camera', 'Microphone']) await host.getByText(`${device}: on`).waitFor();
    const guest = await open('Noa', 'participant', PHONE, room);
    await press(guest, 'Join');
    await press(host, 'Let in: Noa');
    await until(async () => (await playing(guest)) === 2);

    await host.evaluate('window.lose("video")');
    await host.getByText('Your camera has stopped.').waitFor();
    await until(async () => (await playing(guest)) === 1);
    await press(host, 'Camera: off');
    await until(async () => (await playing(guest)) === 2);
    expect(await host.getByText('Your camera has stopped.').count()).toBe(0);
    await host.evaluate('window.tell("audio", "mute")');
    await host.getByText('Nothing comes from your microphone just now.').waitFor();
    await host.evaluate('window.tell("audio", "unmute")');
    await host.getByText('Nothing comes from your microphone').waitFor({ state: 'detached' });
    // What this browser can't do is not offered.
    expect(await host.getByRole('button', { name: 'Share screen' }).count()).toBe(0);
    expect(await guest.getByRole('button', { name: 'Share screen' }).count()).toBe(1);
    await Promise.all([host.context().close(), guest.context().close()]);
  }, 120_000);

  test('who signs in here stays signed in for as long as the session takes', async () => {
    const personId = await bench.person();
    const signedIn = (now: string): void => {
      for (const past of ['first', 'second', 'third']) guests.delete(past);
      guests.set(now, { personId, displayName: 'Pia', role: 'host' });
    };
    const page = await browser.browser.newPage();
    await page.route('**/api/auth/login', (route) =>
      route.fulfill({ json: { token: 'first', refreshToken: 'after first' } }),
    );
    const tokens = new Map([
      ['after first', { token: 'second', refreshToken: 'after second' }],
      ['after second', { token: 'third', refreshToken: 'after third' }],
    ]);
    await page.route('**/api/auth/refresh', (route) => {
      const { refreshToken } = route.request().postDataJSON() as { refreshToken: string };
      const json = tokens.get(refreshToken);
      tokens.delete(refreshToken);
      return route.fulfill(json === undefined ? { status: 401, json: {} } : { json });
    });
    // The token's life is over before they are through with their devices.
    signedIn('second');
    await page.goto(url.replace(/[^/]+$/, v7()));
    await page.getByRole('textbox', { name: 'E-mail' }).fill('pia@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill('a password');
    await page.keyboard.press('Enter');
    await press(page, 'Join');
    await page.getByText('Lock the room').waitFor();
    signedIn('third');
    await page.reload();
    await press(page, 'Join');
    await page.getByText('Lock the room').waitFor();
    // A tab that is duplicated gets a copy of what is kept: nothing that works only once.
    const kept = await page.evaluate<string>('JSON.stringify(sessionStorage)');
    expect(kept).toContain('third');
    expect(kept).not.toContain('after');
    expect(tokens.size).toBe(0);
    signedIn('nobody');
    await page.reload();
    await press(page, 'Join');
    await page.getByRole('heading', { name: 'Please say who you are again.' }).waitFor();
    await page.close();
  }, 120_000);

  test('a host of an earlier version, which is asked one by one, has pictures too', async () => {
    const room = v7();
    const host = await open('Quinn', 'host', PHONE, room);
    await press(host, 'Join');
    const guest = await open('Ravi', 'participant', PHONE, room, MEET_EARLIER_HOST);
    await press(guest, 'Join');
    await press(host, 'Let in: Ravi');
    await until(async () => (await playing(host)) === 2 && (await playing(guest)) === 2);
    await Promise.all([host.context().close(), guest.context().close()]);
  }, 120_000);

  test('at a locked room one is told so, and comes in when it is unlocked', async () => {
    const room = v7();
    const host = await open('Ida', 'host', PHONE, room);
    await press(host, 'Join');
    await press(host, 'Lock the room');
    await host.getByText('Unlock the room').waitFor();
    const late = await open('Jon', 'participant', PHONE, room);
    await press(late, 'Join');
    await late.getByText('The host has locked the room.').waitFor();
    await press(host, 'Unlock the room');
    await late.getByText('Somebody will let you in soon.').waitFor();
    await Promise.all([host.context().close(), late.context().close()]);
  }, 120_000);

  test('what could not be sent stays, with the reason, and can be sent again', async () => {
    const room = v7();
    mode = 'text';
    const host = await open('Kim', 'host', PHONE, room);
    await host.getByText('Lock the room').waitFor();
    const guest = await open('Leo', 'observer', PHONE, room);
    await press(host, 'Let in: Leo');
    const field = guest.getByRole('textbox', { name: 'Message' });
    await field.fill('Can you read me?');
    await guest.keyboard.press('Enter');
    await guest.getByText('Your message was not sent. You may only listen').waitFor();
    expect(await field.inputValue()).toBe('Can you read me?');
    await press(host, 'Make co-host: Leo');
    await guest.getByRole('region', { name: 'Host' }).waitFor();
    await field.press('Enter');
    await host.getByRole('log').getByText('Can you read me?').waitFor();
    await until(async () => (await field.inputValue()) === '');
    expect(await guest.getByText('Your message was not sent.').count()).toBe(0);
    mode = 'video';
    await Promise.all([host.context().close(), guest.context().close()]);
  }, 120_000);

  test('whoever waits with the code asks no sooner than they are told, and is told why', async () => {
    const page = await browser.browser.newPage();
    await page.clock.install();
    const seconds = 60;
    let knocks = 0;
    await page.route('**/access', (route) => {
      knocks += 1;
      const json = { message: 'Too many requests; please slow down' };
      return route.fulfill({ status: 429, headers: { 'retry-after': String(seconds) }, json });
    });
    await page.goto(`${url}#code=ABCDEFGH2`);
    await press(page, 'Join');
    await page.getByText('Too many requests; please slow down. Trying again.').waitFor();
    const before = knocks;
    await page.clock.runFor((seconds - 1) * 1_000);
    expect(knocks).toBe(before);
    await page.clock.runFor(1_000);
    await until(() => knocks === before + 1);
    await page.close();
  }, 120_000);

  test('a session of sound asks for no camera, and one of words for nothing', async () => {
    for (const [which, wishes] of [
      ['audio', ['audio']],
      ['text', []],
    ] as const) {
      mode = which;
      url = url.replace(/[^/]+$/, v7());
      const page = await open(`Dan ${which}`, 'host');
      if (which === 'audio') await press(page, 'Join');
      await page.getByText('Lock the room').waitFor();
      expect(await page.evaluate('window.wishes')).toEqual(wishes);
      expect(await page.getByRole('button', { name: 'Camera' }).count()).toBe(0);
      await page.context().close();
    }
  }, 120_000);

  test('whoever has not said who they are is asked, and learns nothing', async () => {
    const page = await browser.browser.newPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.textContent('main')).not.toContain(sessionId);
    await page.close();
  });
});
