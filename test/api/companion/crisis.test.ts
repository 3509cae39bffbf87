import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as newId } from 'uuid';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { CRY, alertsOf, begin, chat, say, takeAlert } from './talking.ts';
import type { ChatbotBody } from './talking.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

test('a cry for help gets the reply to a crisis and a real alert, in both shapes', async () => {
  const person = await api.person();
  const { status, body } = await chat(api, person, { message: CRY });
  const [alert, ...others] = await alertsOf(api, person.id);
  expect([status, others]).toEqual([200, []]);
  expect(alert).toMatchObject({ severity: 'critical', status: 'paging' });
  expect(body).toMatchObject({
    data: { response: { text: body.response.text, mood: 'concerned' } },
    response: {
      text: expect.stringContaining('988'),
      type: 'crisis-response',
      escalationNeeded: true,
      immediateActions: [
        expect.stringMatching(/^Crisis alert CA-\d{4}-\d{6} raised$/),
        'Crisis team is being notified',
        'Emergency contacts prepared',
      ],
    },
    emergencyContacts: { crisis: '988', text: 'Text HOME to 741741', emergency: '911' },
    metadata: { crisisDetected: true, riskLevel: 'critical', alertCreated: alert!.id },
  });
  const [trigger] = await api.knex('crisis_triggers').where({ alert_id: alert!.id });
  expect(trigger).toMatchObject({ source: 'companion', reported_by: person.id });
  const [turn] = await api.knex('companion_turns').where({ id: trigger.message_id });
  expect(turn).toMatchObject({ source: 'crisis', is_crisis: true });
  expect(String(trigger.details)).not.toContain('kill');
});

test('the conversation stays with the crisis until a human has taken the alert', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const cried = await say(api, person, conversationId, CRY);
  const later = await say(api, person, conversationId, 'Tell me a joke instead');
  expect(later.body.response.type).toBe('crisis-response');
  expect(later.body.metadata.alertCreated).toBe(cried.body.metadata.alertCreated);
  // Nor does another conversation lead past it.
  expect((await chat(api, person, { message: 'Hello' })).body.response.type).toBe(
    'crisis-response',
  );
  expect(await alertsOf(api, person.id)).toHaveLength(1);
  await takeAlert(api, person.id);
  const after = await say(api, person, conversationId, 'Somebody called me, thank you');
  expect(after.body.response.type).not.toBe('crisis-response');
  expect(after.body.metadata.alertCreated).toBeUndefined();
});

test('fields of the analysis may be left out, the detector never', async () => {
  const person = await api.person();
  const options = { crisisDetection: false };
  const calm = await chat(api, person, { message: 'I feel a bit low', options });
  expect(calm.body.metadata).not.toHaveProperty('crisisDetected');
  expect(calm.body).not.toHaveProperty('analytics');
  const { body } = await chat(api, person, { message: CRY, options });
  const [alert] = await alertsOf(api, person.id);
  expect(body.response).toMatchObject({ type: 'crisis-response', escalationNeeded: true });
  expect(body.metadata.alertCreated).toBe(alert!.id);
});

test('a cry that is split over turns, or told as said before, is heard', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  await say(api, person, conversationId, 'I want to kill');
  const { body } = await say(api, person, conversationId, 'myself');
  expect(body.response.type).toBe('crisis-response');
  const other = await api.person();
  const previousMessages = [
    { role: 'user', content: CRY },
    { role: 'assistant', content: 'Tell me more' },
  ];
  const told = await chat(api, other, {
    message: 'There is no more',
    context: { previousMessages },
  });
  expect(told.body.response.type).toBe('crisis-response');
});

describe('what a client tells of a conversation that has begun', () => {
  const told = (...said: string[]) => ({
    previousMessages: said.map((content) => ({ role: 'user', content })),
  });

  test('calls for help where nobody has heard it yet, and only once', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    // Written while the client was offline.
    const context = told('Hello there', CRY);
    const again = { conversationId, message: 'hello again', context };
    const { body } = await chat(api, person, again);
    const [alert] = await alertsOf(api, person.id);
    expect(body.response.type).toBe('crisis-response');
    expect(body.metadata.alertCreated).toBe(alert!.id);
    expect(alert).toMatchObject({ severity: 'critical' });
    await takeAlert(api, person.id);
    const later = await chat(api, person, { ...again, message: 'I went for a walk' });
    expect(later.body.response.type).not.toBe('crisis-response');
    expect(await triggersOf(person.id)).toHaveLength(1);
    // Further words are new, whatever is repeated with them.
    const more = told('Hello there', CRY, 'I took all of my pills');
    await chat(api, person, { ...again, context: more });
    expect(await triggersOf(person.id)).toHaveLength(2);
  });

  test('calls for as much help as it deserves beside a lesser cry', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    const context = told(CRY);
    await chat(api, person, { conversationId, message: 'I want to disappear forever', context });
    expect(await alertsOf(api, person.id)).toMatchObject([{ severity: 'critical' }]);
  });

  test('alarms nobody again where a turn has it on record', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    await say(api, person, conversationId, CRY);
    await takeAlert(api, person.id);
    // More than a process remembers of a conversation.
    const calm = ['It rains', 'I had lunch', 'I read', 'I walked', 'I slept', 'I cooked'];
    for (const text of calm) await say(api, person, conversationId, text);
    const context = told('Hello there', ` ${CRY}\n`, ...calm);
    const { body } = await chat(api, person, { conversationId, message: 'Good night', context });
    expect(body.response.type).not.toBe('crisis-response');
    expect(await triggersOf(person.id)).toHaveLength(1);
  });

  test('calls for help where the record can not be read', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    await say(api, person, conversationId, CRY);
    await takeAlert(api, person.id);
    await api
      .knex('companion_turns')
      .where({ conversation_id: conversationId, is_crisis: true })
      .update({ words: Buffer.from('broken') });
    await chat(api, person, { conversationId, message: 'Good night', context: told(CRY) });
    expect(await triggersOf(person.id)).toHaveLength(2);
  });

  function triggersOf(personId: string): Promise<unknown[]> {
    return api.knex('crisis_triggers').where({ reported_by: personId });
  }
});

test('what the companion is said to have said alarms nobody', async () => {
  const person = await api.person();
  const content = 'If you want to kill yourself, call 988. Do you want to kill yourself?';
  const context = { previousMessages: [{ role: 'assistant', content }] };
  const { body } = await chat(api, person, { message: 'No, I slept badly', context });
  expect(body.response.type).not.toBe('crisis-response');
  expect(await alertsOf(api, person.id)).toEqual([]);
});

test('a chatbot session that begins with a cry', async () => {
  const person = await api.person();
  const body = { initialMessage: CRY };
  const made = await api.call<ChatbotBody>('POST', '/api/chatbot/session', body, person);
  const [alert] = await alertsOf(api, person.id);
  expect(made.status).toBe(201);
  expect(made.body.initialResponse.text).toContain('988');
  expect(made.body.metadata?.alertCreated).toBe(alert!.id);
});

describe('help is called although the turn is refused:', () => {
  test.each<readonly [string, (other: string) => unknown, number]>([
    ['a message that is none', () => ({ message: { text: CRY } }), 400],
    ['too long a one', () => ({ message: `${CRY} ${'and '.repeat(4_000)}` }), 400],
    ["another's conversation", (other) => ({ message: CRY, conversationId: other }), 404],
    ['no conversation', () => ({ message: CRY, conversationId: newId() }), 404],
    ['no id', () => ({ message: CRY, conversationId: 'mine' }), 404],
  ])('%s', async (_name, bodyOf, status) => {
    const person = await api.person();
    const other = await begin(api, await api.person());
    const reply = await chat(api, person, bodyOf(other));
    expect(reply.status).toBe(status);
    const [alert, ...others] = await alertsOf(api, person.id);
    expect(others).toEqual([]);
    expect(reply.body).toMatchObject({
      success: false,
      alertCreated: alert!.id,
      immediateActions: ['Crisis alert raised', 'Emergency contacts prepared'],
      emergencyContacts: { crisis: '988' },
    });
  });

  test.each([
    ['broken JSON', `{"message": "${CRY}`, 'application/json', 400],
    ['another type', CRY, 'text/plain', 415],
  ])('%s', async (_name, body, type, status) => {
    const { token, id } = await api.person();
    const headers = { 'content-type': type, authorization: `Bearer ${token}` };
    const reply = await fetch(`${api.url}/api/ai/chat`, { method: 'POST', body, headers });
    expect(reply.status).toBe(status);
    const alerts = await alertsOf(api, id);
    expect(alerts).toHaveLength(1);
    const alertCreated = alerts[0]!.id;
    expect(await reply.json()).toMatchObject({
      alertCreated,
      emergencyContacts: { crisis: '988' },
    });
    const [trigger] = await api.knex('crisis_triggers').where({ alert_id: alerts[0]!.id });
    expect(trigger.source).toBe('companion');
  });

  test('the last words to a conversation that has ended', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    const end = (body: unknown) =>
      api.call('POST', `/api/ai/conversations/${conversationId}/end`, body, person);
    await end({});
    const { status, body } = await end({ feedback: CRY });
    const [alert] = await alertsOf(api, person.id);
    expect(status).toBe(409);
    expect(body).toMatchObject({ alertCreated: alert!.id, emergencyContacts: { crisis: '988' } });
  });
});

test('a cry in a conversation that has ended gets the reply to a crisis, and ends none', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  await api.call('POST', `/api/ai/conversations/${conversationId}/end`, {}, person);
  const { status, body } = await say(api, person, conversationId, CRY);
  const [alert, ...others] = await alertsOf(api, person.id);
  expect([status, others]).toEqual([200, []]);
  expect(body.response).toMatchObject({
    text: expect.stringContaining('988'),
    type: 'crisis-response',
    immediateActions: ['Crisis alert raised', 'Emergency contacts prepared'],
  });
  expect(body.metadata).toMatchObject({ alertCreated: alert!.id, conversationId });
  expect(await api.knex('companion_turns').where({ conversation_id: conversationId })).toHaveLength(
    1,
  );
  expect((await say(api, person, conversationId, 'Hello?')).status).toBe(409);
});

test('turns and cries at once make one alert, and lose nothing', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  const said = [CRY, 'What a day', CRY, 'It rains', 'I took a walk', CRY];
  const replies = await Promise.all(said.map((text) => say(api, person, conversationId, text)));
  expect(replies.map(({ status }) => status)).toEqual(said.map(() => 200));
  const alerts = await alertsOf(api, person.id);
  expect(alerts).toHaveLength(1);
  for (const [at, text] of said.entries()) {
    const { response, metadata } = replies[at]!.body;
    if (text !== CRY) continue;
    expect([response.type, metadata.alertCreated]).toEqual(['crisis-response', alerts[0]!.id]);
  }
  const triggers = await api.knex('crisis_triggers').where({ alert_id: alerts[0]!.id });
  expect(triggers).toHaveLength(3);
});

test('patients without an account are heard like all others', async () => {
  const signed = await api.call<{ token: string }>('POST', '/api/auth/anonymous', {});
  const { token } = signed.body;
  const calm = await chat(api, { token }, { message: 'Hello, can I talk to you?' });
  expect(calm.status).toBe(200);
  const cried = await say(api, { token }, calm.body.metadata.conversationId, CRY);
  expect(cried.body.response.type).toBe('crisis-response');
  expect(cried.body.metadata.alertCreated).toEqual(expect.any(String));
});

test('the turn and its alert are on record together, or neither is', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  // Whatever follows the turn in its transaction fails.
  await api.knex.raw(`
    CREATE FUNCTION refuse_reports() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER refuse AFTER INSERT ON companion_turns FOR EACH ROW
      WHEN (NEW.is_crisis) EXECUTE FUNCTION refuse_reports();`);
  try {
    const { status, body } = await say(api, person, conversationId, CRY);
    // The alert is raised alone then, and its reply given.
    const alerts = await alertsOf(api, person.id);
    expect([status, body.response.type, alerts.length]).toEqual([200, 'crisis-response', 1]);
    expect(body.metadata.alertCreated).toBe(alerts[0]!.id);
    const triggers = await api.knex('crisis_triggers').where({ alert_id: alerts[0]!.id });
    expect(triggers).toHaveLength(1);
  } finally {
    await api.knex.raw('DROP TRIGGER refuse ON companion_turns');
  }
});
