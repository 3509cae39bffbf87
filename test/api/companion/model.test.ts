import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ModelGateway } from '../../../activities/gateways/model.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { startTestModel } from '../../support/model.ts';
import type { TestModel } from '../../support/model.ts';
import { closeClients, signedIn } from '../realtime/people.ts';
import { startNode } from '../realtime/nodes.ts';
import type { Node } from '../realtime/nodes.ts';
import { CRY, alertsOf, begin, chat, say, takeAlert } from './talking.ts';
import type { ConversationBody } from './talking.ts';

const GUIDED = 'holdfast-guided';
const HARMFUL = /bipolar|40 mg|hotline|better off without|cutting|stop taking/i;
const ENOUGH_MICROS = 1_000_000_000;

let model: TestModel;
let api: TestApi;
let nodes: [Node, Node];
beforeAll(async () => {
  model = await startTestModel();
  api = await apiWith(model, ENOUGH_MICROS);
  nodes = [await startNode(api), await startNode(api)];
}, 120_000);
beforeEach(() => model.setMode('normal'));
afterAll(async () => {
  closeClients();
  await Promise.all(nodes.map((node) => node.close()));
  await api.close();
  await model.close();
});

function apiWith(
  { gateway }: Pick<TestModel, 'gateway'>,
  dailyCeilingMicros: number,
  personCeilingMicros = dailyCeilingMicros,
): Promise<TestApi> {
  const companion = { model: gateway, dailyCeilingMicros, personCeilingMicros };
  return startTestApi({ deps: { companion } });
}

/** Of another stand-in's or another's settings, so that its failures pause no other test's. */
async function withApi(
  settings: Parameters<TestModel['gatewayWith']>[0],
  work: (other: TestApi) => Promise<void>,
  ceilingMicros = ENOUGH_MICROS,
): Promise<void> {
  const other = await apiWith({ gateway: model.gatewayWith(settings) }, ceilingMicros);
  try {
    await work(other);
  } finally {
    await other.close();
  }
}

test('a model answers, says what it is, and what is on record is what was answered', async () => {
  const person = await api.person();
  const first = await chat(api, person, { message: 'My exams frighten me' });
  expect(first.body.metadata.model).toBe('stand-in');
  expect(first.body.response.text).toMatch(/^Hello\. I am an automated companion: not a person/);
  const { conversationId } = first.body.metadata;
  const next = await say(api, person, conversationId, 'There are three of them next week');
  expect(next.body.response.text).not.toMatch(/automated companion/);
  const path = `/api/ai/conversations/${conversationId}`;
  const { body } = await api.call<ConversationBody>('GET', path, undefined, person);
  const answers = body.data.conversation.messages.filter(({ role }) => role === 'assistant');
  expect(answers.map(({ content }) => content)).toEqual([
    first.body.response.text,
    next.body.response.text,
  ]);
});

const DISCLOSES = /^Hello\. I am an automated companion: not a person, and not a therapist\./;

test('it says what it is in the first answer that is not to a crisis', async () => {
  const person = await api.person();
  const cried = await chat(api, person, { message: CRY });
  expect(cried.body.response.text).not.toMatch(/automated companion/);
  await takeAlert(api, person.id);
  const { conversationId } = cried.body.metadata;
  const next = await say(api, person, conversationId, 'I slept badly');
  expect(next.body.metadata.model).toBe('stand-in');
  expect(next.body.response.text).toMatch(DISCLOSES);
  const last = await say(api, person, conversationId, 'I am still tired');
  expect(last.body.response.text).not.toMatch(/automated companion/);
});

test('it says what it is where the first thing asked for is a human', async () => {
  const person = await api.person();
  const asked = await chat(api, person, { message: 'I want to talk to a human' });
  expect(asked.body.response.type).toBe('hand-over');
  expect(asked.body.response.text).toMatch(DISCLOSES);
  const { conversationId } = asked.body.metadata;
  const again = await say(api, person, conversationId, 'Talk to a human');
  expect(again.body.response.text).not.toMatch(/automated companion/);
  const next = await say(api, person, conversationId, 'I slept badly');
  expect(next.body.metadata.model).toBe('stand-in');
  expect(next.body.response.text).not.toMatch(/automated companion/);
});

test('it says what it is where nobody can be asked to take over', async () => {
  const person = await api.person();
  for (let waiting = 0; waiting < 20; waiting += 1) {
    const wish = { type: 'peer_support', title: 'Somebody to talk to' };
    if ((await api.call('POST', '/api/sessions', wish, person)).status !== 201) break;
  }
  const asked = await chat(api, person, { message: 'I want to talk to a human' });
  expect(asked.body.response.text).toMatch(/couldn't put your request into the queue/);
  expect(asked.body.response.text).toMatch(DISCLOSES);
});

test('on a cry for help no model is asked', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const before = model.asked();
  const { body } = await say(api, person, conversationId, CRY);
  expect(body.response.type).toBe('crisis-response');
  expect((await say(api, person, conversationId, 'Never mind')).body.response.type).toBe(
    'crisis-response',
  );
  expect(model.asked()).toBe(before);
});

describe.each(['down', 'slow', 'nonsense'] as const)('a model that is %s', (mode) => {
  test('is stood in for by the guided companion, and a cry is heard all the same', async () => {
    model.setMode(mode);
    await withApi({ timeoutMs: 300, retries: 1 }, async (other) => {
      const person = await other.person();
      const conversationId = await begin(other, person);
      for (const text of ['I slept badly', 'My boss shouts at me', 'I am so tired']) {
        const { status, body } = await say(other, person, conversationId, text);
        expect([status, body.metadata.model]).toEqual([200, GUIDED]);
      }
      const cried = await say(other, person, conversationId, CRY);
      expect(cried.body.response.type).toBe('crisis-response');
      expect(await alertsOf(other, person.id)).toHaveLength(1);
    });
  });
});

test('a model that answers in words that harm is never shown', async () => {
  model.setMode('hostile');
  for (let time = 0; time < 6; time += 1) {
    const person = await api.person();
    const client = await signedIn(nodes[0], person);
    const { status, body } = await chat(api, person, { message: 'My day was long' });
    expect([status, body.metadata.model]).toEqual([200, GUIDED]);
    expect(JSON.stringify(body)).not.toMatch(HARMFUL);
    expect(JSON.stringify(client.heard)).not.toMatch(HARMFUL);
    // Where it spoke of a crisis, a human looks at it.
    const alerts = await alertsOf(api, person.id);
    expect(alerts).toHaveLength(body.response.type === 'crisis-response' ? 1 : 0);
  }
});

test("what a model writes is shown in every process's sockets of the person, and nobody else's", async () => {
  const [person, other] = [await api.person(), await api.person()];
  const near = await signedIn(nodes[0], person);
  const far = await signedIn(nodes[1], person);
  const stranger = await signedIn(nodes[1], other);
  const { body } = await chat(api, person, { message: 'Tell me something kind' });
  const { text } = body.response;
  for (const client of [near, far]) {
    const reply = await client.next('companion-reply');
    expect(reply).toMatchObject({ conversationId: body.metadata.conversationId, number: 1, text });
    const parts = client.of('companion-reply-part').map((part) => String(part['text']));
    expect(parts.every((part) => text.startsWith(part))).toBe(true);
  }
  expect(stranger.heard.filter(([event]) => event.startsWith('companion'))).toEqual([]);
});

test('calls that are under way never come to more than the ceiling', async () => {
  const calls = 2;
  const mostOf = (one: TestModel): number =>
    one.gateway.ceilingOf([{ role: 'system', content: 'x'.repeat(1_400) }]);
  await withApi(
    {},
    async (other) => {
      const people = await Promise.all(Array.from({ length: 8 }, () => other.person()));
      const asked = model.asked();
      const replies = await Promise.all(
        people.map((person) => chat(other, person, { message: 'Hello, how are you?' })),
      );
      const byModel = replies.filter(({ body }) => body.metadata.model !== GUIDED);
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
      expect(byModel.length).toBe(model.asked() - asked);
      expect(byModel.length).toBeGreaterThan(0);
      expect(byModel.length).toBeLessThan(replies.length);
      const [spent] = await other.knex('companion_spending');
      expect(Number(spent.micros)).toBeLessThanOrEqual(calls * mostOf(model));
    },
    calls * mostOf(model),
  );
});

test("nobody's turns cost more than one person's share, and all without an account have one", async () => {
  // Where an endpoint does not say what it cost, it is taken to have cost the most.
  const gateway: ModelGateway = {
    model: 'dear',
    isPaused: () => false,
    ceilingOf: () => 10,
    reply: async () => ({ kind: 'text', text: 'Rest is a good idea.', costMicros: null }),
  };
  const other = await apiWith({ gateway }, ENOUGH_MICROS, 20);
  const anonymous = async (): Promise<{ readonly token: string }> =>
    (await other.call<{ token: string }>('POST', '/api/auth/anonymous', {})).body;
  const answerTo = async (person: { readonly token: string }): Promise<string> =>
    (await chat(other, person, { message: 'Tell me about rest' })).body.metadata.model;
  try {
    const [one, two] = [await other.person(), await other.person()];
    const answers: string[] = [];
    for (const person of [one, one, one, two]) answers.push(await answerTo(person));
    expect(answers).toEqual(['dear', 'dear', GUIDED, 'dear']);
    const nameless: string[] = [];
    for (let time = 0; time < 3; time += 1) nameless.push(await answerTo(await anonymous()));
    expect(nameless).toEqual(['dear', 'dear', GUIDED]);
    // What was refused has cost the clinic nothing.
    const [spent] = await other.knex('companion_spending').sum({ micros: 'micros' });
    expect(Number(spent!['micros'])).toBe(50);
  } finally {
    await other.close();
  }
});
