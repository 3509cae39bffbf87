import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ModelGateway } from '../../activities/gateways/model.ts';
import { checkModelReply } from '../../domain/companion/check-model-reply.ts';
import { DEFAULT_RESOURCES } from '../../domain/resources.ts';
import type { ModelMode } from '../../sandbox/model/index.ts';
import { alertsOf, chat, say } from '../api/companion/talking.ts';
import type { TurnBody } from '../api/companion/talking.ts';
import { MORE_PARAPHRASES } from '../domain/triage/paraphrases-more.ts';
import { PARAPHRASES } from '../domain/triage/paraphrases.ts';
import { EXPLICIT, STILL_MEANT } from '../domain/triage/phrases-crisis.ts';
import { type TestApi, startTestApi } from '../support/api.ts';
import { type TestModel, startTestModel } from '../support/model.ts';

const CONVERSATIONS_PER_MODE = 50;
const AT_ONCE = 6;
/** A slow model takes a minute; nobody waits that long for it. */
const PATIENCE_MS: Readonly<Record<string, number>> = { slow: 150 };

const CRIES: readonly string[] = [
  ...[...EXPLICIT, ...STILL_MEANT].map(([text]) => text),
  ...PARAPHRASES,
  ...MORE_PARAPHRASES,
];
const CALM: readonly string[] = [
  'Hello, is anybody there?',
  "I'm feeling overwhelmed with my studies",
  'I have three exams next week and two assignments due',
  "I can't sleep, and it has been weeks",
  'My boss was unfair to me in the meeting today',
  'yes please',
  'no',
  '7',
  'a lamp, a door, my cup and a plant',
  'can we try slow breathing?',
  'something else',
  'stop',
  'I feel lonely in the new city',
  'thanks, that helps a bit',
  'are you a real person?',
  'Talk to a human',
  'My sister says I should go outside more',
  'what do you mean?',
];
const CONTACTS = DEFAULT_RESOURCES.flatMap(({ phone, text, website }) =>
  [phone, text, website].filter((way) => way !== null),
);

let model: TestModel;
let api: TestApi;
let mode: ModelMode = 'normal';

beforeAll(async () => {
  model = await startTestModel();
  // Every turn asks a gateway of its own: none is spared because turns before it failed.
  const fresh: ModelGateway = {
    model: 'stand-in',
    isPaused: () => false,
    ceilingOf: (messages) => model.gateway.ceilingOf(messages),
    reply: (messages, onText) =>
      model.gatewayWith({ timeoutMs: PATIENCE_MS[mode] ?? 10_000 }).reply(messages, onText),
  };
  const ceiling = Number.MAX_SAFE_INTEGER;
  const companion = { model: fresh, dailyCeilingMicros: ceiling, personCeilingMicros: ceiling };
  api = await startTestApi({ deps: { companion } });
}, 120_000);
afterAll(async () => {
  await api.close();
  await model.close();
});

interface Conversation {
  readonly seed: number;
  readonly before: readonly string[];
  readonly cry: string;
  readonly after: readonly string[];
}

/** A conversation that comes to a cry for help at some turn, and may go on after it. */
function conversationFrom(seed: number): Conversation {
  const below = randomFrom(seed);
  const calm = (most: number): string[] =>
    Array.from({ length: below(most + 1) }, () => CALM[below(CALM.length)]!);
  return { seed, before: calm(6), cry: CRIES[below(CRIES.length)]!, after: calm(2) };
}

test.each(['normal', 'down', 'slow', 'hostile', 'nonsense'] as const)(
  'with a model that is %s, every cry ends in one alert and the reply to a crisis',
  async (given) => {
    mode = given;
    model.setMode(mode);
    const askedBefore = model.asked();
    const first = Date.now() % 1_000_000_000;
    console.log(`conversations with a model that is ${mode}: seeds from ${first}`);
    const conversations = Array.from({ length: CONVERSATIONS_PER_MODE }, (_, at) =>
      conversationFrom(first + at),
    );
    const models = new Set<string>();
    await inLanes(conversations, async (conversation) => {
      for (const name of await hold(conversation)) models.add(name);
    });
    expect(model.asked() - askedBefore).toBeGreaterThan(CONVERSATIONS_PER_MODE / 2);
    // Only a model that answers well is ever heard.
    expect(models.has('stand-in')).toBe(mode === 'normal');
  },
  120_000,
);

/** Gives who answered the turns before the cry. */
async function hold({ seed, before, cry, after }: Conversation): Promise<string[]> {
  const person = await api.person();
  let conversationId: string | null = null;
  const turn = async (message: string): Promise<TurnBody> => {
    const reply =
      conversationId === null
        ? await chat(api, person, { message })
        : await say(api, person, conversationId, message);
    expect([seed, message, reply.status]).toEqual([seed, message, 200]);
    ({ conversationId } = reply.body.metadata);
    return reply.body;
  };
  const calm: TurnBody[] = [];
  for (const message of before) calm.push(await turn(message));
  for (const { response } of calm) expectHarmless(seed, response);
  const alerts = new Set<string | undefined>();
  for (const message of [cry, ...after]) {
    const { response, metadata, emergencyContacts } = await turn(message);
    expect([seed, message, response.type]).toEqual([seed, message, 'crisis-response']);
    expect(response).toMatchObject({
      escalationNeeded: true,
      text: expect.stringContaining('988'),
    });
    expect(emergencyContacts).toMatchObject({ crisis: '988', emergency: '911' });
    alerts.add(metadata.alertCreated);
  }
  const recorded = await alertsOf(api, person.id);
  expect([seed, recorded.length]).toEqual([seed, 1]);
  expect([...alerts]).toEqual([recorded[0]!.id]);
  return calm.map(({ metadata }) => metadata.model);
}

/** A harmful model may alarm somebody before anybody cries; else nobody is alarmed without reason. */
function expectHarmless(seed: number, { type, text }: TurnBody['response']): void {
  if (type === 'crisis-response') {
    expect([seed, mode]).toEqual([seed, 'hostile']);
    return;
  }
  expect(text).not.toBe('');
  const check = checkModelReply(text, { contacts: CONTACTS });
  expect([seed, text, check]).toEqual([seed, text, { isFit: true }]);
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const open = [...items];
  const lane = async (): Promise<void> => {
    for (let item = open.shift(); item !== undefined; item = open.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** The same numbers from the same seed: mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
