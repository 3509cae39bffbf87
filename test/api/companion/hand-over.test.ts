import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi } from '../../support/api.ts';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { alertsOf, begin, chat, say } from './talking.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
}, 120_000);
afterAll(() => api.close());

const ASK = 'I want to talk to a human';
const TOLD = 'My exams frighten me and I sleep badly';

interface Seen {
  readonly session: { readonly description: string | null; readonly title: string | null };
}

/** What a helper sees of the session who has taken it. */
async function seenByHelper(sessionId: string): Promise<Seen['session']> {
  const helper = await api.person({ role: 'peer' });
  const accepted = await api.call('POST', `/api/sessions/${sessionId}/accept`, {}, helper);
  expect(accepted.status).toBe(200);
  const { body } = await api.call<Seen>('GET', `/api/sessions/${sessionId}`, undefined, helper);
  return body.session;
}

async function waiting(person: TestPerson): Promise<string[]> {
  const rows = (await api.knex('support_sessions').where({ patient_id: person.id })) as {
    id: string;
  }[];
  return rows.map(({ id }) => id);
}

test('whoever asks for a human gets a support session, and no word is passed on unasked', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  await say(api, person, conversationId, TOLD);
  const { status, body } = await say(api, person, conversationId, ASK);
  const { response } = body;
  expect([status, response.type, response.escalationNeeded]).toEqual([200, 'hand-over', true]);
  expect(await waiting(person)).toEqual([response.supportSessionId]);
  expect(response.suggestions).toEqual(
    expect.arrayContaining(['Yes, share a summary', "No, don't share anything"]),
  );
  // Asked again, it is the same session.
  const again = await say(api, person, conversationId, ASK);
  expect(again.body.response.supportSessionId).toBe(response.supportSessionId);
  expect(await waiting(person)).toHaveLength(1);
  expect((await seenByHelper(response.supportSessionId!)).description).toBeNull();
});

test('a summary is passed on with consent, in the words that were said', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  await say(api, person, conversationId, TOLD);
  const asked = await say(api, person, conversationId, ASK);
  const agreed = await say(api, person, conversationId, 'Yes, share a summary');
  expect(agreed.body.response.text).toMatch(/have a short summary now/);
  const { description, title } = await seenByHelper(asked.body.response.supportSessionId!);
  expect(title).toBe('Handed over by the companion');
  expect(description).toContain(TOLD);
  const audit = await api.knex('audit_entries').where({ object_id: conversationId });
  expect(audit.map(({ action }) => action)).toContain('companion_conversation.share_summary');
});

interface Waiting {
  readonly sessions: readonly { readonly _id: string; readonly description: string | null }[];
}

test('the summary is for the helper who accepts, not for all who might', async () => {
  const [person, peer, counselor] = [
    await api.person(),
    await api.person({ role: 'peer' }),
    await api.person({ role: 'counselor' }),
  ];
  const conversationId = await begin(api, person);
  await say(api, person, conversationId, TOLD);
  const asked = await say(api, person, conversationId, ASK);
  const sessionId = asked.body.response.supportSessionId!;
  await say(api, person, conversationId, 'Yes, share a summary');
  for (const helper of [peer, counselor]) {
    for (const path of ['/api/sessions/available?limit=50', '/api/urgent/queue']) {
      const { body } = await api.call<Waiting>('GET', path, undefined, helper);
      expect(JSON.stringify(body)).not.toContain('exams');
      const shown = body.sessions?.find(({ _id }) => _id === sessionId);
      if (shown !== undefined) expect(shown.description).toMatch(/^Handed over/);
    }
  }
  const { body } = await api.call<Waiting>('GET', '/api/sessions/available', undefined, peer);
  expect(body.sessions.map(({ _id }) => _id)).toContain(sessionId);
  // Tags that are set meanwhile take nothing away.
  await api.call('PUT', `/api/sessions/${sessionId}`, { tags: ['exams'] }, person);
  const path = `/api/sessions/${sessionId}/accept`;
  const accepted = await api.call<Seen>('POST', path, {}, peer);
  expect(accepted.body.session.description).toContain(TOLD);
  for (const one of [peer, person]) {
    const whole = await api.call<Seen>('GET', `/api/sessions/${sessionId}`, undefined, one);
    expect(whole.body.session.description).toContain(TOLD);
    const own = await api.call<Waiting>('GET', '/api/sessions/my-sessions', undefined, one);
    expect(own.body.sessions[0]!.description).toContain(TOLD);
  }
});

test('no is no, and so is anything else', async () => {
  const person = await api.person();
  const answers = [
    "No, don't share anything",
    'Please don’t share anything',
    'ok I’ll wait',
    'What is the weather like where you are?',
  ];
  for (const answer of answers) {
    const first = await chat(api, person, { message: TOLD });
    const { conversationId } = first.body.metadata;
    const asked = await say(api, person, conversationId, ASK);
    await say(api, person, conversationId, answer);
    // A yes to something else, later, is none to this.
    await say(api, person, conversationId, 'Yes');
    const seen = await seenByHelper(asked.body.response.supportSessionId!);
    expect(seen.description).toBeNull();
  }
});

test('consent may be given ahead, and a counselor asked for', async () => {
  const person = await api.person();
  const conversationId = await begin(api, person);
  await say(api, person, conversationId, TOLD);
  const { body } = await chat(api, person, {
    conversationId,
    message: 'Please connect me with a human counselor',
    options: { shareSummary: true },
  });
  const [session] = await api.knex('support_sessions').where({ patient_id: person.id });
  expect(session).toMatchObject({ id: body.response.supportSessionId, type: 'counselor_session' });
  const [conversation] = await api.knex('companion_conversations').where({ id: conversationId });
  expect(conversation).toMatchObject({ is_summary_shared: true, handed_over_to: session.id });
  expect(String(session.details)).not.toContain('exams');
});

test('a conversation that is escalated is a session with a human, and an alert', async () => {
  const [person, other] = [await api.person(), await api.person()];
  const sessionId = await begin(api, person);
  const path = '/api/urgent/escalate';
  const body = { sessionId, reason: 'It gets worse', severity: 'severe' };
  const { status } = await api.call('POST', path, body, person);
  expect(status).toBeLessThan(300);
  const [session, ...others] = await api.knex('support_sessions').where({ patient_id: person.id });
  expect(others).toEqual([]);
  expect(session).toMatchObject({
    type: 'counselor_session',
    status: 'waiting',
    is_escalated: true,
  });
  expect(await alertsOf(api, person.id)).toHaveLength(1);
  expect((await api.call('POST', path, body, person)).status).toBeLessThan(300);
  expect(await waiting(person)).toHaveLength(1);
  // Nobody else's conversation leads anywhere; whoever says so is heard all the same.
  expect((await api.call('POST', path, body, other)).status).toBe(404);
  expect(await waiting(other)).toEqual([]);
});
