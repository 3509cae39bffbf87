import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import nodemailer from 'nodemailer';
import { type MailSandbox, startMailSandbox } from '../../sandbox/mail/index.ts';
import { requestJson, type RunningServer, serve } from './support/http.ts';

let folder: string;
let inbox: MailSandbox;
let server: RunningServer;

async function start(): Promise<void> {
  inbox = await startMailSandbox({ port: 0, dataFile: join(folder, 'mail.jsonl') });
  const app = express();
  app.use('/control/mail', inbox.control);
  server = await serve(app);
}

async function stop(): Promise<void> {
  await server.close();
  await inbox.close();
}

const send = (to: string, subject: string): Promise<unknown> =>
  nodemailer
    .createTransport({ host: '127.0.0.1', port: inbox.port, auth: { user: 'any', pass: 'any' } })
    .sendMail({ from: 'clinic@example.test', to, subject, text: 'Hello' });

const subjects = async (query = ''): Promise<unknown> => {
  const answer = await requestJson(`${server.url}/control/mail/messages${query}`);
  return (answer as { messages: { subject: string }[] }).messages.map(({ subject }) => subject);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mail-sandbox-'));
  await start();
});

afterEach(async () => {
  await stop();
  await rm(folder, { recursive: true });
});

test('keeps mails over a restart, newest first, and shows those to one address', async () => {
  await send('ana@example.test', 'first');
  await send('ben@example.test, Ana@Example.test', 'second');
  await stop();
  await start();
  await send('ben@example.test', 'third');
  expect(await subjects()).toEqual(['third', 'second', 'first']);
  expect(await subjects('?to=ana@example.test')).toEqual(['second', 'first']);
  await requestJson(`${server.url}/control/mail`, 'DELETE');
  expect(await subjects()).toEqual([]);
});

test('refuses the next mails to one address as often as asked, and no others', async () => {
  const fault = { kind: 'reject', count: 2, to: 'ana@example.test' };
  await requestJson(`${server.url}/control/mail/faults`, 'POST', fault);
  await send('ben@example.test', 'other');
  await expect(send('ana@example.test', 'one')).rejects.toMatchObject({ responseCode: 550 });
  await expect(send('ana@example.test', 'two')).rejects.toMatchObject({ responseCode: 550 });
  await send('ana@example.test', 'three');
  expect(await subjects()).toEqual(['three', 'other']);
});

test('an unknown fault is refused', async () => {
  const faults = `${server.url}/control/mail/faults`;
  expect(await requestJson(faults, 'POST', { kind: 'explode' })).toHaveProperty('error');
  expect(await requestJson(faults)).toMatchObject({ faults: [] });
});
