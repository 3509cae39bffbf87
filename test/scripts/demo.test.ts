import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { root } from '../../scripts/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const folder = tempFolder();
const SESSION = '01a1fda8-c453-749b-8bee-dcbf2eae915e';
const THERAPIST = 'therapist-of-quick-sessions';
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Reply = readonly [status: number, body: unknown];

interface FakeClinic {
  /** What the stack's record holds at each look; the last one stays. */
  readonly record: readonly object[][];
  /** Times that are taken before one is free. */
  readonly taken?: number;
  readonly scheduledAt?: string;
  readonly texts?: readonly object[];
}

const ok = (data: unknown): Reply => [200, { success: true, data }];

/** A stack that knows no token but those it has just given out. */
function fakeClinic(clinic: FakeClinic): {
  asked: string[];
  answer: (req: IncomingMessage) => Promise<Reply>;
} {
  const asked: string[] = [];
  let looks = 0;
  let taken = clinic.taken ?? 0;
  const scheduledAt = clinic.scheduledAt ?? new Date(Date.now() - 61_000).toISOString();
  const replies: Readonly<Record<string, () => Reply>> = {
    'GET /ready': () => [200, {}],
    'GET /api/therapy/therapists/search': () =>
      ok({
        therapists: [
          {
            therapist_id: THERAPIST,
            display_name: 'Q',
            session_types: ['demo'],
            session_rates: {},
          },
        ],
      }),
    [`GET /api/therapy/therapists/${THERAPIST}/availability`]: () => ok({ availability: {} }),
    'POST /api/therapy/sessions/book': () =>
      taken-- > 0
        ? [409, { success: false, error: { code: 'slot_unavailable', message: 'Taken.' } }]
        : [201, ok({ session_id: SESSION, booking_status: 'x', scheduled_at: scheduledAt })[1]],
    [`POST /api/therapy/sessions/${SESSION}/approve`]: () => ok({}),
    [`POST /api/therapy/sessions/${SESSION}/confirm`]: () => ok({ status: 'confirmed' }),
    [`GET /api/v1/sessions/${SESSION}/timeline`]: () => {
      const entries = clinic.record[Math.min(looks++, clinic.record.length - 1)];
      return [200, { data: entries, nextCursor: null }];
    },
    'GET /control/twilio/messages': () => [200, { messages: clinic.texts ?? [] }],
    'GET /control/mail/messages': () => [200, { messages: [] }],
  };
  const answer = async (req: IncomingMessage): Promise<Reply> => {
    const { pathname } = new URL(req.url ?? '', 'http://fake');
    const route = `${req.method} ${pathname}`;
    asked.push(route);
    if (route === 'POST /api/auth/login') {
      const { email } = (await json(req)) as { email: string };
      return [200, { success: true, data: { tokens: { accessToken: `fresh ${email}` } } }];
    }
    const isKnown = req.headers.authorization?.startsWith('Bearer fresh') ?? false;
    if (pathname.startsWith('/api/') && !isKnown) return [401, { code: 'token_expired' }];
    return replies[route]?.() ?? [404, {}];
  };
  return { asked, answer };
}

/** Writes what `npm start` leaves, for a stack that answers as told. */
async function homeOf(answer: (req: IncomingMessage) => Promise<Reply>): Promise<string> {
  const server = createServer((req, res) => {
    void answer(req).then(([status, body]) => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const person = { password: 'p', accessToken: 'stale' };
  return homeWith({
    apiUrl: url,
    sandboxUrl: url,
    temporalUiUrl: 'http://temporal.test',
    people: [
      { ...person, id: 'ada', role: 'patient', email: 'ada@clinic.example' },
      { ...person, id: 'sarah', role: 'counselor', email: 'sarah@clinic.example' },
      { ...person, id: THERAPIST, role: 'counselor', email: 'quinn@clinic.example' },
    ],
  });
}

function homeWith(demo: object): string {
  const home = mkdtempSync(join(folder, 'home-'));
  writeFileSync(join(home, 'demo.json'), JSON.stringify(demo));
  return home;
}

function runDemo(home: string): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts/demo.ts')], {
      env: { HOLDFAST_HOME: home, NODE_NO_WARNINGS: '1' },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

function entry(kind: string, more: object = {}): object {
  const source = kind.includes('.') ? 'message' : 'session';
  return { at: '2026-01-05T10:00:00.000Z', source, kind, actorId: null, data: {}, ...more };
}

test('without a stack it says so in one sentence', async () => {
  const none = await runDemo(mkdtempSync(join(folder, 'empty-')));
  expect(none).toMatchObject({ code: 1, out: '' });
  expect(none.err).toMatch(/^There is no .*demo\.json: run npm start first.*\n$/);
  const stopped = await runDemo(homeWith({ apiUrl: 'http://127.0.0.1:9', people: [] }));
  expect(stopped).toMatchObject({ code: 1, out: '' });
  expect(stopped.err).toMatch(/^Nothing answers at http:\/\/127\.0\.0\.1:9: run npm start.*\n$/);
});

test('a whole life is told, each entry once, by people whose tokens had expired', async () => {
  const life = [
    entry('booked', { actorId: 'ada' }),
    entry('reminder.sending', { data: { key: 'k1' } }),
    entry('reminder.sent', { data: { key: 'k1', channel: 'sms', recipientId: 'ada' } }),
    entry('completed'),
    entry('follow_up.sent', { data: { key: 'k2' } }),
  ];
  const { asked, answer } = fakeClinic({
    record: [life.slice(0, 1), life.slice(0, 3), life],
    taken: 2,
    texts: [
      { sid: 'SM1', to: '+1', body: `at 10 http://x/room/${SESSION}`, createdAt: 1 },
      { sid: 'SM2', to: '+1', body: 'of another session', createdAt: 2 },
    ],
  });
  const { code, out, err } = await runDemo(await homeOf(answer));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const count = (pattern: RegExp): number => out.match(pattern)?.length ?? 0;
  expect(count(/taken and tries a later time/g)).toBe(2);
  expect(count(/session {3}booked by Ada/g)).toBe(1);
  expect(count(/message {3}reminder sent by sms to Ada/g)).toBe(1);
  expect(count(/reminder sending/g)).toBe(0);
  expect(count(/SMS {7}to \+1: at 10/g)).toBe(1);
  expect(count(/another session/g)).toBe(0);
  expect(out).toContain(`http://temporal.test/namespaces/default/workflows/session-${SESSION}`);
  expect(out.trimEnd().split('\n').at(-3)).toMatch(/completed, and followed up$/);
  expect(asked.filter((route) => route === 'POST /api/auth/login')).toHaveLength(2);
});

test.each([
  ['a session that lapses', [[entry('booked'), entry('expired')]], /ended as expired/],
  ['a follow-up that never comes', [[entry('completed')]], /not completed and followed up/],
])('%s is a failure with one sentence', async (_name, record, sentence) => {
  const { answer } = fakeClinic({ record, scheduledAt: '2026-01-05T10:00:00Z' });
  const { code, err } = await runDemo(await homeOf(answer));
  expect(code).toBe(1);
  expect(err).toMatch(sentence);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test('what the API refuses is told in its words', async () => {
  const { answer } = fakeClinic({ record: [[]], taken: 99 });
  const { code, err } = await runDemo(await homeOf(answer));
  expect([code, err]).toEqual([1, 'The API refused /api/therapy/sessions/book with 409: Taken.\n']);
});
