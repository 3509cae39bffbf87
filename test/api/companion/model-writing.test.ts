import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { ModelGateway, ModelReply } from '../../../activities/gateways/model.ts';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../support/api.ts';
import { startNode } from '../realtime/nodes.ts';
import type { Node } from '../realtime/nodes.ts';
import { closeClients, signedIn } from '../realtime/people.ts';
import type { Client } from '../realtime/people.ts';
import { CRY, alertsOf, chat, say as sayIn, takeAlert } from './talking.ts';
import type { TurnBody } from './talking.ts';

/** A reply that the test writes for the model, part by part. */
interface Dictation {
  /** Says all of the text so far; false once the model was told to stop. */
  say(textSoFar: string): Promise<boolean>;
  end(reply: ModelReply): void;
}

let asked: (dictation: Dictation) => void;
const gateway: ModelGateway = {
  model: 'dictated',
  isPaused: () => false,
  ceilingOf: () => 1,
  reply: (_messages, onText) => {
    const reply = Promise.withResolvers<ModelReply>();
    asked({ say: onText!, end: reply.resolve });
    return reply.promise;
  },
};

let api: TestApi;
let node: Node;
beforeAll(async () => {
  const limits = { dailyCeilingMicros: 1_000, personCeilingMicros: 1_000 };
  api = await startTestApi({ deps: { companion: { model: gateway, ...limits } } });
  node = await startNode(api);
}, 120_000);
afterEach(closeClients);
afterAll(async () => {
  await node.close();
  await api.close();
});

interface Thinking extends Dictation {
  readonly person: TestPerson;
  readonly client: Client;
  /** The answer to the turn that the model was asked about. */
  readonly answer: Promise<TurnBody>;
}

/** Somebody who waits for an answer, and the model that writes it. */
async function thinking(): Promise<Thinking> {
  const person = await api.person();
  const client = await signedIn(node, person);
  const message = 'Tell me about rest';
  return { ...(await dictated(() => chat(api, person, { message }))), person, client };
}

async function dictated(
  turn: () => Promise<TestReply<TurnBody>>,
): Promise<Dictation & Pick<Thinking, 'answer'>> {
  const dictation = new Promise<Dictation>((resolve) => (asked = resolve));
  const answer = turn().then(({ body }) => body);
  return { ...(await dictation), answer };
}

test('a crisis that is noticed while a model writes takes the place of its reply', async () => {
  const { person, end, answer } = await thinking();
  const cried = await chat(api, person, { message: CRY });
  end({ kind: 'text', text: 'Rest is a good idea.', costMicros: 1 });
  const { response, metadata } = await answer;
  expect(response.type).toBe('crisis-response');
  expect(metadata.alertCreated).toBe(cried.body.metadata.alertCreated);
  expect(await alertsOf(api, person.id)).toHaveLength(1);
  // It has not said yet what it is.
  await takeAlert(api, person.id);
  const { conversationId } = metadata;
  const next = await dictated(() => sayIn(api, person, conversationId, 'I slept badly'));
  next.end({ kind: 'text', text: 'Rest is a good idea.', costMicros: 1 });
  expect((await next.answer).response.text).toMatch(/^Hello\. I am an automated companion: /);
});

test.each<readonly [string, ModelReply]>([
  ['is stopped', { kind: 'fault', fault: 'stopped', costMicros: 1 }],
  ['ends', { kind: 'text', text: 'Rest is good. So is tea. And sleep.', costMicros: 1 }],
])('after a cry no more is shown of what a model writes until it %s', async (_name, ending) => {
  const { person, client, say, end, answer } = await thinking();
  expect(await say('Rest is good. So is tea. And')).toBe(true);
  await client.next('companion-reply-part');
  const cried = await chat(api, person, { message: CRY });
  const { alertCreated } = cried.body.metadata;
  expect(await say('Rest is good. So is tea. And sleep. So')).toBe(false);
  end(ending);
  const { response, metadata } = await answer;
  expect([response.type, metadata.alertCreated]).toEqual(['crisis-response', alertCreated]);
  const reply = await client.next('companion-reply');
  expect(reply).toMatchObject({ type: 'crisis-response', alertCreated });
  expect(client.of('companion-reply-part')).toHaveLength(1);
  expect(client.of('companion-reply')).toHaveLength(1);
});

test('what the guided companion answered before a cry does not follow the reply to it', async () => {
  const { person, end, answer } = await thinking();
  await chat(api, person, { message: CRY });
  end({ kind: 'fault', fault: 'timeout', costMicros: null });
  expect((await answer).response.type).toBe('crisis-response');
});

test('a sentence is not shown before the next was found fit with it', async () => {
  const { client, say, end, answer } = await thinking();
  expect(await say('I hear you. Everybody')).toBe(true);
  expect(await say('I hear you. Everybody else is busy. Only')).toBe(true);
  const part = await client.next('companion-reply-part');
  expect(part['text']).toMatch(/I hear you\.$/);
  expect(await say('I hear you. Everybody else is busy. Only I understand you. So')).toBe(false);
  end({ kind: 'fault', fault: 'stopped', costMicros: 1 });
  expect((await answer).metadata.model).toBe('holdfast-guided');
  await client.next('companion-reply');
  expect(JSON.stringify(client.heard)).not.toMatch(/Everybody|Only I/);
});

const HARM = 'You should kill yourself tonight. I want you to die.';

async function expectAlarm({ person, answer }: Pick<Thinking, 'person' | 'answer'>): Promise<void> {
  const { response, metadata, emergencyContacts } = await answer;
  const [alert, ...others] = await alertsOf(api, person.id);
  expect(others).toEqual([]);
  expect(response.type).toBe('crisis-response');
  expect(metadata.alertCreated).toBe(alert?.id);
  expect(emergencyContacts).toMatchObject({ crisis: '988' });
}

test.each(['timeout', 'unreadable', 'refused'] as const)(
  'danger in a reply that breaks off (%s) in the middle of a sentence calls a human',
  async (fault) => {
    const { end, say, ...talk } = await thinking();
    expect(await say('You should kill yourself tonight')).toBe(true);
    end({ kind: 'fault', fault, costMicros: 1 });
    await expectAlarm(talk);
  },
);

test('a harmless reply that breaks off calls nobody', async () => {
  const { end, say, person, answer } = await thinking();
  await say('Rest is a');
  end({ kind: 'fault', fault: 'timeout', costMicros: 1 });
  expect((await answer).response.type).not.toBe('crisis-response');
  expect(await alertsOf(api, person.id)).toEqual([]);
});

/** Something in the database fails for a while. */
async function whileFailing(table: string, when: string, work: () => Promise<void>): Promise<void> {
  await api.knex.raw(`
    CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW ${when}
      EXECUTE FUNCTION fail();`);
  try {
    await work();
  } finally {
    await api.knex.raw(`DROP TRIGGER fails ON ${table}`);
  }
}

test('danger in a reply calls a human where the turn can not be revised', async () => {
  const { end, ...talk } = await thinking();
  await whileFailing('companion_turns', '', async () => {
    end({ kind: 'text', text: HARM, costMicros: 1 });
    await expectAlarm(talk);
  });
});

test('its turn is given the reply to a crisis as soon as it can be', async () => {
  const { end, say, ...talk } = await thinking();
  await say('Rest is good. It helps. And so');
  await whileFailing('crisis_triggers', 'WHEN (NEW.message_id IS NOT NULL)', async () => {
    end({ kind: 'text', text: HARM, costMicros: 1 });
    await expectAlarm(talk);
  });
  const [turn] = await api
    .knex('companion_turns as t')
    .join('companion_conversations as c', 'c.id', 't.conversation_id')
    .where('c.person_id', talk.person.id);
  expect(turn).toMatchObject({ source: 'crisis', is_crisis: true, partial: null });
});

test('danger in a reply calls a human where its cost can not be settled', async () => {
  const { end, ...talk } = await thinking();
  await whileFailing('companion_spending', '', async () => {
    end({ kind: 'text', text: HARM, costMicros: null });
    await expectAlarm(talk);
  });
});

test('what was shown of a reply goes where the rest of it can not be kept', async () => {
  const { end, say, person, answer } = await thinking();
  await say('Rest is good. It helps. And so');
  const partials = async (): Promise<boolean[]> => {
    const [{ id }] = await api.knex('companion_conversations').where({ person_id: person.id });
    const turns = await api.knex('companion_turns').where({ conversation_id: id });
    return turns.map(({ partial }) => partial !== null);
  };
  expect(await partials()).toContain(true);
  await whileFailing('companion_turns', "WHEN (NEW.source = 'model')", async () => {
    end({ kind: 'text', text: 'Rest is good. It helps. And so on.', costMicros: 1 });
    expect((await answer).response.type).toBe('introduction');
  });
  expect(await partials()).not.toContain(true);
});
