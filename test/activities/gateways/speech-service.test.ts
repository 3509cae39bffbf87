import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type TestSpeech, soundOf, startTestSpeech } from '../../support/speech.ts';

const SOUND = soundOf([0, 1, 0, 1]);
const never = new AbortController().signal;

let speech: TestSpeech;
beforeAll(async () => {
  speech = await startTestSpeech();
});
beforeEach(() => speech.setMode('normal'));
afterAll(() => speech.close());

test('tells what was said, and when', async () => {
  expect(await speech.gatewayWith().transcribe(SOUND, never)).toEqual({
    kind: 'heard',
    segments: [
      { startMs: 1_000, endMs: 2_000, text: 'Second 1 was heard.' },
      { startMs: 3_000, endMs: 4_000, text: 'Second 3 was heard.' },
    ],
  });
});

test('a service that tells no times has heard it in all of the piece', async () => {
  speech.setMode('plain');
  expect(await speech.gatewayWith().transcribe(soundOf([1, 0]), never)).toEqual({
    kind: 'heard',
    segments: [{ startMs: 0, endMs: 2_000, text: 'Second 0 was heard.' }],
  });
});

test('one that does not answer in time is late, and one that is told to stop stops', async () => {
  speech.setMode('slow');
  const late = await speech.gatewayWith({ timeoutMs: 200 }).transcribe(SOUND, never);
  expect(late).toEqual({ kind: 'fault', fault: 'timeout' });
  const stopping = new AbortController();
  const asked = speech.asked();
  const stopped = speech.gatewayWith().transcribe(SOUND, stopping.signal);
  while (speech.asked() === asked) await new Promise((resolve) => setTimeout(resolve, 10));
  stopping.abort();
  expect(await stopped).toEqual({ kind: 'fault', fault: 'stopped' });
});

test.each([
  ['busy', 'busy'],
  ['down', 'unreachable'],
] as const)('%s is tried again, then %s', async (mode, fault) => {
  speech.setMode(mode);
  const asked = speech.asked();
  const reply = await speech.gatewayWith({ retries: 1 }).transcribe(SOUND, never);
  expect(reply).toEqual({ kind: 'fault', fault });
  expect(speech.asked() - asked).toBe(2);
});

test('half an answer is none', async () => {
  speech.setMode('partial');
  const reply = await speech.gatewayWith().transcribe(SOUND, never);
  expect(reply).toMatchObject({ kind: 'fault' });
});

test('whatever is no answer comes out as a fault', async () => {
  speech.setMode('nonsense');
  for (let time = 0; time < 4; time += 1) {
    const reply = await speech.gatewayWith().transcribe(SOUND, never);
    expect(reply).toEqual({ kind: 'fault', fault: 'unreadable' });
  }
});

test('what a model makes up of silence is nothing', async () => {
  const made = { start: 0, end: 2, text: 'Thank you for watching.' };
  const segments = [{ ...made, no_speech_prob: 0.9, avg_logprob: -1.5 }];
  const reply = await answering(200, JSON.stringify({ text: made.text, segments }));
  expect(reply).toEqual({ kind: 'heard', segments: [] });
});

test.each([
  [401, 'refused'],
  [413, 'refused'],
  [429, 'busy'],
  [503, 'busy'],
  [302, 'unreachable'],
])('%d is %s', async (status, fault) => {
  const reply = await answering(status, '{"error":{"message":"no"}}');
  expect(reply).toEqual({ kind: 'fault', fault });
});

/** What the gateway makes of a service that answers everything in one way. */
async function answering(status: number, body: string): Promise<unknown> {
  const server = createServer((req, res) => {
    req.resume().on('end', () => {
      const headers = { location: 'http://127.0.0.1:9/', 'content-type': 'application/json' };
      res.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const gateway = speech.gatewayWith({ baseUrl: `http://127.0.0.1:${port}` });
  const reply = await gateway.transcribe(SOUND, never);
  server.closeAllConnections();
  server.close();
  return reply;
}
