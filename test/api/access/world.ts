import { v7 as uuidv7 } from 'uuid';
import type { TestApi, TestPerson } from '../../support/api.ts';
import { sessionRow } from '../../support/session-row.ts';
import { answerScreening, insertFlagged, insertPreparation } from './screening-world.ts';
import { recordTrigger } from '../../../db/crisis-intake.ts';
import { writeTimeOfDay } from '../../../domain/time-text.ts';
import { DEFAULT_PLAN } from '../../../domain/plan.ts';
import { supportSession, uploadForm, waitingSession } from '../support/messages/support-world.ts';

/** Every role in every relation to one therapist, her client and their session. */
export const ACTORS = [
  'anonymous',
  'client',
  'otherClient',
  'therapist',
  'otherTherapist',
  'unverifiedCounselor',
  'peer',
  'staff',
  'admin',
  'foreignClient',
  'foreignTherapist',
  'foreignStaff',
  'foreignAdmin',
] as const;
export type Actor = (typeof ACTORS)[number];
type Person = Exclude<Actor, 'anonymous'>;

export interface World {
  readonly people: Readonly<Record<Person, TestPerson>>;
  /** Things of the actor's clinic, new for each request. */
  session(status?: string): Promise<string>;
  relationship(): Promise<string>;
  task(): Promise<string>;
  policy(): Promise<string>;
  /** Weekly hours of the therapist. */
  rule(): Promise<string>;
  /** Hours that nobody has yet. */
  hours(): Promise<Readonly<Record<string, unknown>>>;
  webhook(): Promise<string>;
  delivery(): Promise<string>;
  exception(): Promise<string>;
  /** The therapist's. */
  calendarFeed(): Promise<string>;
  group(): Promise<string>;
  wish(): Promise<string>;
  series(): Promise<string>;
  offer(): Promise<string>;
  /** Not verified yet. */
  helper(): Promise<string>;
  roster(): Promise<string>;
  /** The client's, with the companion. */
  companionConversation(): Promise<string>;
  /** The client's, with every question answered. */
  screening(): Promise<string>;
  /** What the client does before a session. */
  preparation(kind: 'questionnaire' | 'material'): Promise<string>;
  /** The client's, that nobody has looked at yet. */
  flaggedResult(): Promise<string>;
  /** Live support of the client, an active one by the therapist. */
  supportSession(status?: 'waiting' | 'active'): Promise<string>;
  /** About the client; nobody has it. */
  alert(): Promise<string>;
  /** In such a session, by the client. */
  message(): Promise<string>;
  /** Shown by such a message. */
  attachment(): Promise<string>;
}

export async function createWorld(api: TestApi): Promise<World> {
  const clinicId = await api.clinic();
  const people: Readonly<Record<Person, TestPerson>> = {
    client: await api.person(),
    otherClient: await api.person(),
    therapist: await api.person({ isTherapist: true }),
    otherTherapist: await api.person({ isTherapist: true }),
    unverifiedCounselor: await api.person({ isTherapist: true, isVerified: false }),
    peer: await api.person({ role: 'peer' }),
    staff: await api.person({ role: 'staff' }),
    admin: await api.person({ role: 'admin' }),
    foreignClient: await api.person({ clinicId }),
    foreignTherapist: await api.person({ clinicId, isTherapist: true }),
    foreignStaff: await api.person({ clinicId, role: 'staff' }),
    foreignAdmin: await api.person({ clinicId, role: 'admin' }),
  };
  await relate(api, people.therapist.id, people.client.id);
  return {
    people,
    session: (status = 'confirmed') => insertSession(api, people, status),
    relationship: () => insertRelationship(api, people),
    task: () => insertTask(api),
    policy: () => insertPolicy(api),
    rule: () => insertRule(api, people),
    hours: async () => ({ dayOfWeek: 1, ...nextHours() }),
    webhook: () => insertWebhook(api, people),
    delivery: () => insertDelivery(api, people),
    exception: () => insertException(api, people),
    calendarFeed: () => insertCalendarFeed(api, people),
    group: () => insertGroup(api, people),
    wish: () => insertWish(api, people),
    series: () => insertSeries(api, people),
    helper: async () => (await api.person({ role: 'peer', isVerified: false })).id,
    offer: () => insertOffer(api, people),
    roster: () => insertRoster(api),
    companionConversation: async () => {
      const { token } = people.client;
      const reply = await api.call('POST', '/api/chatbot/session', {}, { token });
      return (reply.body as { session: { conversationId: string } }).session.conversationId;
    },
    screening: () => answerScreening(api, people.client.token, 0),
    preparation: async (kind) =>
      insertPreparation(
        api,
        { ...people, sessionId: await insertSession(api, people, 'confirmed') },
        kind,
      ),
    flaggedResult: () => insertFlagged(api, people.client.token),
    supportSession: (status) => insertSupportSession(api, people, status),
    alert: () => insertAlert(api, people),
    message: () => insertMessage(api, people),
    attachment: () => insertAttachment(api, people),
  };
}

/** As a drill, of which a person may have many at once. */
async function insertAlert(api: TestApi, { client }: World['people']): Promise<string> {
  const raised = await api.knex.transaction((trx) =>
    recordTrigger(trx, {
      clinicId: api.clinicId,
      personId: client.id,
      severity: 'high',
      type: 'user-report',
      source: 'drill',
      sessionId: null,
      messageId: null,
      reportedBy: null,
      details: null,
    }),
  );
  return raised.alertId;
}

async function insertSession(
  api: TestApi,
  { therapist, client }: World['people'],
  status: string,
): Promise<string> {
  const startsAt = Date.now() + (status === 'completed' ? -2 : 72) * 3_600_000;
  const row = sessionRow(
    { clinicId: api.clinicId, therapistId: therapist.id, clientId: client.id },
    {
      starts_at: new Date(startsAt),
      ends_at: new Date(startsAt + 3_000_000),
      status,
      payment: 'captured',
      price_cents: 10_000,
      due_cents: 10_000,
      workflow_started_at: new Date(),
    },
  );
  await api.knex('sessions').insert(row);
  return row.id;
}

async function insertRelationship(api: TestApi, { therapist }: World['people']): Promise<string> {
  return relate(api, therapist.id, (await api.person()).id);
}

async function relate(api: TestApi, therapistId: string, clientId: string): Promise<string> {
  const id = uuidv7();
  await api
    .knex('relationships')
    .insert({ id, clinic_id: api.clinicId, therapist_id: therapistId, client_id: clientId });
  return id;
}

async function insertTask(api: TestApi): Promise<string> {
  const id = uuidv7();
  await api.knex('tasks').insert({ id, clinic_id: api.clinicId, key: id, kind: 'refund_failed' });
  return id;
}

async function insertPolicy(api: TestApi): Promise<string> {
  const id = uuidv7();
  const plan = JSON.stringify(DEFAULT_PLAN);
  await api
    .knex('policies')
    .insert({ id, clinic_id: api.clinicId, name: 'p', plan, is_active: false });
  return id;
}

async function insertWish(api: TestApi, { client }: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('waitlist_wishes').insert({
    id,
    clinic_id: api.clinicId,
    client_id: client.id,
    session_type: 'individual',
    format: 'video',
    time_zone: 'UTC',
    from_date: '2026-01-05',
    until_date: '2031-01-05',
    start_minute: 0,
    end_minute: 1_440,
    notice_minutes: 0,
  });
  return id;
}

let minute = 0;

/** A few minutes on a Monday that no other request asks for. */
function nextHours(): { readonly startTime: string; readonly endTime: string } {
  const startMinute = minute;
  minute += 2;
  return { startTime: writeTimeOfDay(startMinute), endTime: writeTimeOfDay(startMinute + 1) };
}

async function insertRule(api: TestApi, { therapist }: World['people']): Promise<string> {
  const id = uuidv7();
  minute += 2;
  await api.knex('availability_rules').insert({
    id,
    therapist_id: therapist.id,
    day_of_week: 1,
    start_minute: minute,
    end_minute: minute + 1,
  });
  return id;
}

async function insertWebhook(api: TestApi, { admin }: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('webhooks').insert({
    id,
    clinic_id: api.clinicId,
    url: 'https://events.example.com/in',
    event_types: ['AppointmentBooked'],
    secret: Buffer.from('sealed'),
    created_by: admin.id,
  });
  return id;
}

async function insertDelivery(api: TestApi, people: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('webhook_deliveries').insert({
    id,
    webhook_id: await insertWebhook(api, people),
    outbox_id: 1,
    session_id: uuidv7(),
    client_id: people.client.id,
    event_type: 'AppointmentBooked',
    body: Buffer.from('sealed'),
    state: 'dead',
  });
  return id;
}

async function insertException(api: TestApi, { therapist }: World['people']): Promise<string> {
  const id = uuidv7();
  const date = '2131-02-03';
  await api.knex('availability_exceptions').insert({
    id,
    therapist_id: therapist.id,
    kind: 'extra',
    start_date: date,
    end_date: date,
  });
  return id;
}

async function insertCalendarFeed(api: TestApi, { therapist }: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('calendar_feeds').insert({
    id,
    clinic_id: api.clinicId,
    person_id: therapist.id,
    kind: 'export',
    token_hash: Buffer.from(id),
  });
  return id;
}

async function insertGroup(api: TestApi, { therapist }: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('therapy_groups').insert({
    id,
    clinic_id: api.clinicId,
    therapist_id: therapist.id,
    name: 'g',
    theme: 'g',
    format: 'video',
    capacity: 8,
    decide_before_minutes: 0,
    duration_minutes: 60,
    price_cents: 0,
    joinable_by: 'anyone',
    time_zone: 'UTC',
    created_by: therapist.id,
  });
  return id;
}

async function insertSeries(api: TestApi, { therapist, client }: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('series').insert({
    id,
    root_id: id,
    clinic_id: api.clinicId,
    therapist_id: therapist.id,
    client_id: client.id,
    session_type: 'individual',
    format: 'video',
    time_zone: 'UTC',
    starts_on: '2031-01-06',
    start_minute: 570,
    duration_minutes: 50,
    rule: 'FREQ=WEEKLY;COUNT=3',
    status: 'requested',
    approval: 'awaited',
    created_by: client.id,
  });
  return id;
}

/** One that has ended, so that nobody has to be asked about it. */
async function insertOffer(api: TestApi, people: World['people']): Promise<string> {
  const id = uuidv7();
  await api.knex('offers').insert({
    id,
    clinic_id: api.clinicId,
    kind: 'absence',
    client_id: people.client.id,
    session_id: await insertSession(api, people, 'confirmed'),
    exception_id: uuidv7(),
    therapist_id: people.therapist.id,
    session_starts_at: new Date(),
    state: 'lapsed',
  });
  return id;
}

async function insertRoster(api: TestApi): Promise<string> {
  const id = uuidv7();
  const row = { id, clinic_id: api.clinicId, name: 'r', rotations: '[]' };
  await api.knex('rosters').insert(row);
  return id;
}

async function insertSupportSession(
  api: TestApi,
  { client, therapist }: World['people'],
  status: 'waiting' | 'active' = 'active',
): Promise<string> {
  if (status === 'waiting') return waitingSession(api, client);
  const { id } = await supportSession(api, { patient: client, helper: therapist });
  return id;
}

async function insertMessage(api: TestApi, people: World['people']): Promise<string> {
  const sessionId = await insertSupportSession(api, people);
  const body = { sessionId, message: 'Hello' };
  const { token } = people.client;
  const sent = await api.call<{ data: { message: { id: string } } }>(
    'POST',
    '/api/messages',
    body,
    {
      token,
    },
  );
  return sent.body.data.message.id;
}

async function insertAttachment(api: TestApi, people: World['people']): Promise<string> {
  const sessionId = await insertSupportSession(api, people);
  const { token } = people.client;
  const post = <Body>(path: string, body: unknown) => api.call<Body>('POST', path, body, { token });
  const uploaded = await post<{ attachment: { url: string } }>(
    '/api/messages/attachments',
    uploadForm(sessionId),
  );
  const { url } = uploaded.body.attachment;
  await post('/api/messages', { sessionId, message: 'Look', attachments: [{ url }] });
  return url.split('/').at(-1) ?? '';
}
