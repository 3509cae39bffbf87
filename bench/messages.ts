import type { Socket } from 'socket.io-client';
import type { BenchClinic } from './clinic.ts';
import { type BenchContext, cpuMeters } from './context.ts';
import { type Conversation, ask, makeConversations, openSocket } from './conversations.ts';
import { alternate, inParallel, median, percentile } from './measure.ts';
import { type Finding, compared } from './report.ts';
import type { Weighed } from './stack.ts';

const CONVERSATIONS = 100;
const MESSAGES = 3_000;
/** So many people write at a time; the next ones are of other conversations. */
const WIDTH = 16;

/** What people write to somebody who helps them. */
const TEXTS = [
  'hi, are you there?',
  'I had a long day at work and my manager moved the deadline again',
  "it's mostly the evenings that are hard, when the kids are in bed and it gets quiet",
  'I did try the breathing exercise that you told me about, it helped a bit',
  'ok',
  'my sister says I should talk to someone about the move, so here I am',
  'I slept about five hours. Better than last week!',
  "We had an argument about money and I don't know how to start that conversation again",
  'thanks, that makes sense',
  'could we look at the plan for the exam next week? I keep putting it off',
];

/** With these around them a text comes again after a thousand others: nothing remembers it then. */
const OPENINGS = [
  '',
  'well, ',
  'so ',
  'ok, ',
  'honestly, ',
  'yeah. ',
  'hmm, ',
  'oh, ',
  'I mean, ',
  'and ',
  'anyway, ',
];
const ENDINGS = [
  '',
  ' :)',
  ' you know?',
  ' I guess',
  ' really',
  ' haha',
  '...',
  ' today',
  ' for once',
  ' or so',
  '!',
];

interface Sending {
  readonly perSecond: number;
  readonly timesMs: readonly number[];
}

/** A message from its sender to the other one's socket against bare Socket.IO with the same insert. */
export async function measureMessages(context: BenchContext): Promise<Finding[]> {
  // Each has its own: what the other writes is not sealed.
  const size = { therapists: 2 * CONVERSATIONS, clients: 2 * CONVERSATIONS };
  const clinic = await context.openClinic(size);
  const conversations = await makeConversations(context, clinic);
  const { url: plainUrl } = await startPlainSockets(context, clinic);
  const ours = await connected(context.stack.apiUrl, conversations.slice(0, CONVERSATIONS));
  const plain = await connected(plainUrl, conversations.slice(CONVERSATIONS));
  const count = Math.ceil(MESSAGES * context.scale);
  const cpu = cpuMeters(context);
  const rounds = await alternate(context.rounds, {
    ours: () => cpu.ours.around(count, () => sendAll(ours, count)),
    baseline: () => cpu.baseline.around(count, () => sendAll(plain, count)),
  });
  for (const { from, to } of [...ours, ...plain]) for (const end of [from, to]) end.disconnect();
  const timesOf = (sendings: readonly Sending[]): number[] =>
    sendings.flatMap(({ timesMs }) => [...timesMs]);
  const latency = (name: string, q: number): Finding =>
    compared({
      measure: `a message from end to end, ${name}`,
      ours: percentile(timesOf(rounds.ours), q),
      baseline: percentile(timesOf(rounds.baseline), q),
      unit: 'ms',
      target: null,
    });
  const ratiosByRound = rounds.ours.map(
    ({ perSecond }, at) => perSecond / rounds.baseline[at]!.perSecond,
  );
  return [
    compared({
      measure: 'messages delivered',
      ours: median(rounds.ours.map(({ perSecond }) => perSecond)),
      baseline: median(rounds.baseline.map(({ perSecond }) => perSecond)),
      unit: '/s',
      target: { atLeast: 0.7 },
      cpu,
      details: { width: WIDTH, ratiosByRound },
    }),
    latency('p50', 0.5),
    latency('p99', 0.99),
  ];
}

/** Its sockets do what the product's do for the asker, and nothing more. */
export async function startPlainSockets(
  { stack }: BenchContext,
  clinic: BenchClinic,
): Promise<Weighed & { readonly url: string }> {
  const port = await stack.freePort();
  const { databaseUrl, apiUrl: issuer } = stack.demo;
  const { keysFile } = stack;
  const options = { port, databaseUrl, issuer, keysFile, clinicId: clinic.id };
  const started = await stack.startBeside(
    'bench/baseline/sockets.ts',
    [JSON.stringify(options)],
    (line) => line.includes('the plain socket server listens'),
  );
  return { ...started, url: `http://127.0.0.1:${port}` };
}

interface Wire {
  readonly sessionId: string;
  readonly from: Socket;
  readonly to: Socket;
}

async function connected(url: string, conversations: readonly Conversation[]): Promise<Wire[]> {
  const wires: Wire[] = [];
  for (const { sessionId, patient, helper } of conversations) {
    const from = await openSocket(url, patient.token);
    const to = await openSocket(url, helper.token);
    await ask(from, 'join-session', { sessionId });
    await ask(to, 'join-session', { sessionId });
    wires.push({ sessionId, from, to });
  }
  return wires;
}

async function sendAll(wires: readonly Wire[], count: number): Promise<Sending> {
  const began = performance.now();
  const timesMs = await inParallel(count, WIDTH, (index) =>
    sendOne(wires[index % wires.length]!, nextText()),
  );
  return { perSecond: (count / (performance.now() - began)) * 1000, timesMs };
}

let written = 0;

/** What nobody has written lately, and in each conversation the next text every time. */
function nextText(): string {
  const at = written;
  written += 1;
  const text = TEXTS[(at + Math.floor(at / CONVERSATIONS)) % TEXTS.length]!;
  const ending = ENDINGS[Math.floor(at / (TEXTS.length * OPENINGS.length)) % ENDINGS.length]!;
  return OPENINGS[at % OPENINGS.length]! + text + ending;
}

/** Done when the other one has it, and the sender knows that it was sent. */
async function sendOne({ sessionId, from, to }: Wire, message: string): Promise<void> {
  const delivered = new Promise<void>((resolve) => to.once('new-message', () => resolve()));
  await Promise.all([delivered, ask(from, 'send-message', { sessionId, message })]);
}
