import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { atOnce, post, startSecondProcess } from './second-process.ts';
import { CRY, alertsOf, begin, chat, say } from './talking.ts';
import type { ChatbotBody, ConversationBody, EndedBody, TurnBody } from './talking.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

const EXAMPLE_A = {
  message: "I'm feeling overwhelmed with my studies",
  context: { userMood: 'anxious', previousTopics: ['academic_stress', 'time_management'] },
};

const EXAMPLE_B = {
  message: "I've been feeling really anxious lately and I don't know how to cope",
  sessionId: '60f7b1234567890abcdef124',
  context: {
    previousMessages: [
      { role: 'user', content: 'Hello, I need some help', timestamp: '2025-09-22T10:40:00.000Z' },
      {
        role: 'assistant',
        content: "Hi there! I'm here to support you. What's been on your mind?",
        timestamp: '2025-09-22T10:40:30.000Z',
      },
    ],
    userProfile: {
      age: 25,
      previousSessions: 3,
      preferences: { communicationStyle: 'supportive', topicsOfConcern: ['anxiety'] },
    },
  },
  options: { includeResources: true, generateSuggestions: true, crisisDetection: true },
};

test("takes version A's examples and answers in its shape", async () => {
  const person = await api.person();
  const { status, body } = await chat(api, person, EXAMPLE_A);
  expect(status).toBe(200);
  expect(body.data).toEqual({
    response: {
      text: expect.any(String),
      suggestions: expect.arrayContaining([expect.any(String)]),
      mood: 'supportive',
      confidence: expect.any(Number),
    },
    sessionId: body.data.conversationId,
    conversationId: expect.any(String),
  });
  const { conversationId, sessionId } = body.data;
  const more = { conversationId, sessionId, message: 'I have three exams next week' };
  const { token, id: userId } = person;
  const next = await api.call('POST', '/api/ai/continue', more, { token });
  expect(next.status).toBe(200);
  const path = `/api/ai/conversations/${conversationId}`;
  const read = await api.call<{ data: { conversation: object } }>('GET', path, undefined, {
    token,
  });
  expect(read.body.data.conversation).toEqual({
    id: conversationId,
    userId,
    status: 'active',
    startedAt: expect.stringMatching(/Z$/),
    messages: [
      { role: 'user', content: EXAMPLE_A.message, timestamp: expect.any(String) },
      expect.objectContaining({ role: 'assistant', content: body.data.response.text }),
      { role: 'user', content: more.message, timestamp: expect.any(String) },
      expect.objectContaining({ role: 'assistant' }),
    ],
  });
});

test("takes version B's example and answers in its shape", async () => {
  const { status, body } = await chat(api, await api.person(), EXAMPLE_B);
  expect(status).toBe(200);
  expect(body.response).toEqual({
    text: body.data.response.text,
    type: expect.any(String),
    intent: expect.any(String),
    suggestions: expect.any(Array),
    escalationNeeded: false,
    resources: expect.any(Array),
    followUpQuestions: expect.any(Array),
  });
  expect(body).toMatchObject({
    metadata: {
      confidence: expect.any(Number),
      intent: body.response.intent,
      sentiment: expect.any(String),
      crisisDetected: false,
      riskLevel: 'low',
      responseTime: expect.any(Number),
      model: 'holdfast-guided',
      conversationId: body.data.conversationId,
    },
    analytics: {
      userEngagement: expect.any(String),
      topicProgression: expect.any(String),
      supportLevel: 'peer-appropriate',
    },
  });
});

test('a resource has an address where there is one, and never an empty one', async () => {
  const { body } = await chat(api, await api.person(), { message: 'Can we try slow breathing?' });
  const { resources } = body.response;
  expect(resources[0]).toEqual({
    title: 'Slow Breathing',
    type: 'coping-strategy',
    description: expect.any(String),
  });
  const linked = resources.filter((resource) => 'url' in resource);
  expect(linked).not.toEqual([]);
  for (const { url } of linked) expect(url).toMatch(/^(?:https:|tel:)/);
});

describe("a client's own name for its session", () => {
  const NAME = 'ai_session_123456';

  test('goes on with the conversation that it began, until that is over', async () => {
    const [person, other] = [await api.person(), await api.person()];
    const wish = { message: 'Can we do a grounding exercise?', sessionId: NAME };
    const first = (await chat(api, person, wish)).body;
    const { conversationId } = first.metadata;
    const second = (await chat(api, person, { message: '8', sessionId: NAME })).body;
    expect(second.metadata.conversationId).toBe(conversationId);
    expect(second.response.type).toBe('exercise');
    const more = { message: 'a lamp, a door, my cup and a plant', sessionId: NAME };
    const third = await api.call<TurnBody>('POST', '/api/ai/continue', more, person);
    expect(third.body.metadata.conversationId).toBe(conversationId);
    for (const [whose, sessionId] of [
      [other, NAME],
      [person, 'ai_session_123457'],
      [person, ' '],
    ] as const) {
      const elsewhere = await chat(api, whose, { message: 'Hello', sessionId });
      expect(elsewhere.body.metadata.conversationId).not.toBe(conversationId);
    }
    const row = await api.knex('companion_conversations').where({ id: conversationId }).first();
    expect(JSON.stringify(row)).not.toContain(NAME);
    expect(String(row.client_name)).not.toContain(NAME);
    await api.call('POST', `/api/ai/conversations/${conversationId}/end`, {}, person);
    const anew = await chat(api, person, { message: 'Hello again', sessionId: NAME });
    expect(anew.body.metadata.conversationId).not.toBe(conversationId);
  });

  test('is one conversation, whichever process is asked, and a cry is heard in it', async () => {
    const person = await api.person();
    const elsewhere = await startSecondProcess(api);
    try {
      const begins = (url: string, message: string) => () =>
        post(url, '/api/ai/chat', person, { message, sessionId: NAME });
      const lock = ['LOCK TABLE companion_conversations IN SHARE MODE'] as const;
      const replies = await atOnce(api, lock, 2, [
        begins(api.url, 'I slept badly'),
        begins(elsewhere.url, 'My boss shouts at me'),
      ]);
      const cried = await begins(elsewhere.url, CRY)();
      const ids = [...replies, cried].map(({ body }) => Object(body['metadata']).conversationId);
      expect(new Set(ids).size).toBe(1);
      expect(Object(cried.body['response']).type).toBe('crisis-response');
      expect(await alertsOf(api, person.id)).toHaveLength(1);
    } finally {
      await elsewhere.close();
    }
  });
});

test('a chatbot session begins with the first message, or by itself, and keeps its history', async () => {
  const { token, id } = await api.person();
  const first = {
    isAnonymous: false,
    initialMessage: "Hi, I'm having a difficult day and could use some support",
    preferences: { language: 'en', communicationStyle: 'gentle', sessionGoals: ['coping'] },
    context: { currentMood: 'anxious', urgency: 'medium' },
  };
  const path = '/api/chatbot/session';
  const { status, body } = await api.call<ChatbotBody>('POST', path, first, { token });
  expect([status, body.message]).toEqual([201, 'Chatbot session created successfully']);
  expect(body.session).toEqual({
    _id: body.session.conversationId,
    userId: id,
    type: 'chatbot',
    status: 'active',
    isAnonymous: false,
    createdAt: expect.stringMatching(/Z$/),
    conversationId: expect.any(String),
  });
  expect(body.initialResponse.text).toMatch(/programme/);
  const history = await api.call<Record<'conversation' | 'sessionInfo', unknown>>(
    'GET',
    `/api/chatbot/sessions/${body.session.conversationId}/history`,
    undefined,
    { token },
  );
  expect(history.body.conversation).toEqual([
    {
      role: 'user',
      content: first.initialMessage,
      timestamp: expect.any(String),
      intent: expect.any(String),
    },
    expect.objectContaining({ role: 'assistant', content: body.initialResponse.text }),
  ]);
  expect(history.body.sessionInfo).toMatchObject({ messageCount: 2, escalations: 0 });
  const silent = await api.call<ChatbotBody>('POST', path, undefined, { token });
  expect([silent.status, silent.body.initialResponse.text]).toEqual([
    201,
    expect.stringMatching(/programme/),
  ]);
});

test('nothing of it lies in clear, and every reading is on record', async () => {
  const person = await api.person();
  const secret = 'My neighbour Rumpelstiltskin frightens me';
  const { body } = await chat(api, person, { message: secret });
  const { conversationId } = body.metadata;
  await api.call('GET', `/api/ai/conversations/${conversationId}`, undefined, person);
  const { rows } = await api.knex.raw(
    `SELECT encode(t.words || t.reply || c.state || c.details, 'escape') AS stored
     FROM companion_turns t JOIN companion_conversations c ON c.id = t.conversation_id
     WHERE c.id = ?`,
    [conversationId],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0].stored).not.toMatch(/Rumpelstiltskin|programme|version/);
  expect(JSON.stringify(api.logged)).not.toContain('Rumpelstiltskin');
  const audit = await api.knex('audit_entries').where({ object_id: conversationId });
  expect(audit.map(({ action }) => action).toSorted()).toEqual([
    'companion_conversation.read',
    'companion_conversation.turn',
  ]);
});

describe('two at once', () => {
  test('turns of one conversation are all answered, in the order that they are on record', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    const said = Array.from({ length: 12 }, (_, at) => `Thing number ${at} is on my mind`);
    const replies = await Promise.all(said.map((text) => say(api, person, conversationId, text)));
    expect(replies.map(({ status }) => status)).toEqual(said.map(() => 200));
    const path = `/api/ai/conversations/${conversationId}`;
    const { body } = await api.call<ConversationBody>('GET', path, undefined, person);
    const { messages } = body.data.conversation;
    expect(messages).toHaveLength(26);
    expect(messages.map(({ role }) => role)).toEqual(
      messages.map((_, at) => (at % 2 === 0 ? 'user' : 'assistant')),
    );
    const heard = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
    expect(heard.toSorted()).toEqual(['Hello there', ...said].toSorted());
    for (const [at, text] of said.entries()) {
      const place = messages.findIndex(({ content }) => content === text);
      expect(messages[place + 1]!.content).toBe(replies[at]!.body.response.text);
    }
  });

  test('what another process has put on record meanwhile is read before the next answer', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    await say(api, person, conversationId, 'Try slow breathing');
    // As if by another process: this one's memory is of an older version.
    await api.knex('companion_conversations').where({ id: conversationId }).increment('version', 1);
    const { status, body } = await say(api, person, conversationId, '6');
    expect([status, body.response.intent]).toEqual([200, 'exercise-answer']);
  });

  test('a request that is made again with its key is one turn', async () => {
    const person = await api.person();
    const key = { 'idempotency-key': 'once-and-for-all' };
    const first = await chat(api, person, { message: 'Hello you' }, key);
    const again = await chat(api, person, { message: 'Hello you' }, key);
    expect(again.body).toEqual(first.body);
    const other = await chat(api, person, { message: CRY }, key);
    expect(other.status).toBe(422);
    expect(await alertsOf(api, person.id)).toHaveLength(1);
  });
});

describe('ending', () => {
  test("takes version A's example, once", async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    const path = `/api/ai/conversations/${conversationId}/end`;
    const words = {
      rating: 4,
      feedback: 'Helpful suggestions for managing stress',
      helpful_topics: ['time_management', 'stress_reduction'],
    };
    const ended = await api.call<EndedBody>('POST', path, words, person);
    expect(ended.status).toBe(200);
    expect(ended.body.data.conversation).toEqual({
      id: conversationId,
      status: 'ended',
      ...words,
      endedAt: expect.stringMatching(/Z$/),
    });
    expect((await api.call('POST', path, words, person)).status).toBe(409);
    expect((await say(api, person, conversationId, 'Are you there?')).status).toBe(409);
  });

  test('the last words are heard, too', async () => {
    const person = await api.person();
    const conversationId = await begin(api, person);
    const path = `/api/ai/conversations/${conversationId}/end`;
    const ended = await api.call<EndedBody>('POST', path, { feedback: CRY }, person);
    const [alert] = await alertsOf(api, person.id);
    expect([ended.status, ended.body.data.alertCreated]).toEqual([200, alert!.id]);
    expect(ended.body.data.emergencyContacts?.crisis).toBe('988');
  });
});

test.each([
  ['no words', {}],
  ['an empty message', { message: '  ' }],
  ['a message that is none', { message: { text: 'hello' } }],
  ['too long a message', { message: 'long '.repeat(2_001) }],
  ['options that are none', { message: 'Hello', options: { crisisDetection: 'no' } }],
  ['a list', ['Hello']],
])('refuses %s', async (_name, body) => {
  expect((await chat(api, await api.person(), body)).status).toBe(400);
});

test("goes on beside a support session of one's own, and not beside another's", async () => {
  const person = await api.person();
  const asked = await api.call<{ data: { session: { id: string } } }>(
    'POST',
    '/api/sessions',
    { type: 'peer_support', title: 'Exams' },
    person,
  );
  const sessionId = asked.body.data.session.id;
  const first = await chat(api, person, { message: 'Hello', sessionId });
  const next = await chat(api, person, { message: 'And now?', sessionId });
  expect(next.body.metadata.conversationId).toBe(first.body.metadata.conversationId);
  expect((await chat(api, await api.person(), { message: 'Hi', sessionId })).status).toBe(404);
});
