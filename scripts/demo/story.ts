import { setTimeout as delay } from 'node:timers/promises';
import { INDENT, clock } from './chronicle.ts';
import type { Chronicle } from './chronicle.ts';
import { watchInbox } from './inbox.ts';
import { watchRecord } from './record.ts';
import type { RecordEntry } from './record.ts';
import { Refusal } from './stack.ts';
import type { Caller, Stack } from './stack.ts';

interface Found {
  readonly therapist_id: string;
  readonly display_name: string;
  readonly session_types: readonly string[];
  readonly session_rates: Readonly<Record<string, number>>;
}

interface Availability {
  readonly availability: Readonly<Record<string, readonly { readonly available: boolean }[]>>;
}

interface Booked {
  readonly session_id: string;
  readonly booking_status: string;
  readonly scheduled_at: string;
  readonly payment_amount: number;
  readonly currency: string;
}

/** The kind of session whose policy counts in seconds; see the demo clinic's data. */
const SESSION_TYPE = 'demo';
const DURATION_MINUTES = 1;
/** Enough to answer, to pay, and to be reminded five seconds before the start. */
const LEAD_MS = 20_000;
const LOOK_EVERY_MS = 500;
/** What the session may take after its end until the follow-up has been sent. */
const PATIENCE_MS = 60_000;
const ATTEMPTS = 5;
const TEST_CARD = 'pm_card_visa';
const STATES_WITHOUT_A_SESSION = ['declined', 'expired', 'cancelled', 'no_show'];

export interface StoryOptions {
  readonly stack: Stack;
  readonly chronicle: Chronicle;
  /** Plain lines beside the chronicle. */
  readonly note: (line: string) => void;
}

/** A client and a therapist take one session through its whole life. Throws one sentence when it goes wrong. */
export async function tellStory(options: StoryOptions): Promise<void> {
  const { stack, chronicle, note } = options;
  const client = stack.person('patient');
  const found = await search(client, chronicle);
  const therapist = stack.person('counselor', (id) => id === found.therapist_id);
  await lookAtTimes(client, found, chronicle);
  const booked = await book(client, found, chronicle);
  note(`${INDENT}in Temporal UI: ${workflowUrl(stack, booked.session_id)}\n`);
  const look = watcher(options, booked, [client, therapist]);
  await look();
  await therapist.call('POST', `/api/therapy/sessions/${booked.session_id}/approve`);
  chronicle.say(new Date(), therapist.name, 'accepts the request');
  await look();
  await pay(client, booked, chronicle);
  await followToTheEnd(options, booked, look);
}

function workflowUrl({ temporalUiUrl, temporalNamespace }: Stack, sessionId: string): string {
  const workflow = `session-${sessionId}`;
  if (temporalUiUrl === null) return workflow;
  return `${temporalUiUrl}/namespaces/${temporalNamespace}/workflows/${workflow}`;
}

function watcher(
  { stack, chronicle }: StoryOptions,
  { session_id: sessionId }: Booked,
  people: readonly Caller[],
): () => Promise<readonly RecordEntry[]> {
  const nameOf = (id: string): string => people.find((person) => person.id === id)?.name ?? id;
  const record = watchRecord(people[0]!, sessionId, chronicle, nameOf);
  const inbox = watchInbox(stack.sandboxUrl, sessionId, chronicle);
  return async () => {
    const entries = await record.look();
    await inbox.look();
    return entries;
  };
}

async function search(client: Caller, chronicle: Chronicle): Promise<Found> {
  const query = new URLSearchParams({ specialization: 'stress', session_type: SESSION_TYPE });
  const { therapists } = await client.call<{ therapists: readonly Found[] }>(
    'GET',
    `/api/therapy/therapists/search?${query}`,
  );
  const found = therapists.find(({ session_types }) => session_types.includes(SESSION_TYPE));
  if (found === undefined) {
    throw new Error(`No therapist of the demo clinic offers "${SESSION_TYPE}" sessions.`);
  }
  const price = found.session_rates[SESSION_TYPE] ?? 0;
  const text = `searches for help with stress and finds ${found.display_name}, ${price} a session`;
  chronicle.say(new Date(), client.name, text);
  return found;
}

async function lookAtTimes(client: Caller, found: Found, chronicle: Chronicle): Promise<void> {
  const path = `/api/therapy/therapists/${found.therapist_id}/availability?session_type=${SESSION_TYPE}`;
  const { availability } = await client.call<Availability>('GET', path);
  const days = Object.values(availability);
  const free = days.flat().filter(({ available }) => available).length;
  const text = `sees ${free} free times in the next ${days.length} days`;
  chronicle.say(new Date(), client.name, text);
}

/** Takes the next time that nobody has; an earlier demo that was broken off may still hold one. */
async function book(client: Caller, found: Found, chronicle: Chronicle): Promise<Booked> {
  for (let attempt = 1; ; attempt += 1) {
    const startsAt = new Date(Math.ceil((Date.now() + attempt * LEAD_MS) / 1000) * 1000);
    try {
      const booked = await client.call<Booked>('POST', '/api/therapy/sessions/book', {
        therapist_id: found.therapist_id,
        session_type: SESSION_TYPE,
        scheduled_at: startsAt.toISOString(),
        duration: DURATION_MINUTES,
        session_format: 'video',
        reason_for_session: 'Stress at work',
      });
      const { booking_status: status, payment_amount: amount, currency } = booked;
      const text = `books a minute at ${clock(startsAt)}: ${status}, ${amount} ${currency} to pay`;
      chronicle.say(new Date(), client.name, text);
      return booked;
    } catch (error) {
      const isTaken = error instanceof Refusal && error.code.endsWith('_unavailable');
      if (!isTaken || error.code === 'dependency_unavailable' || attempt === ATTEMPTS) throw error;
      chronicle.say(
        new Date(),
        client.name,
        `finds ${clock(startsAt)} taken and tries a later time`,
      );
    }
  }
}

async function pay(client: Caller, booked: Booked, chronicle: Chronicle): Promise<void> {
  const path = `/api/therapy/sessions/${booked.session_id}/confirm`;
  const paid = await client.call<{ status: string; payment_status: string }>('POST', path, {
    payment_method: 'credit_card',
    card_token: TEST_CARD,
    consent: { therapy_agreement: true, privacy_policy: true, cancellation_policy: true },
  });
  const text = `confirms and pays with ${TEST_CARD}: ${paid.status}, ${paid.payment_status}`;
  chronicle.say(new Date(), client.name, text);
}

async function followToTheEnd(
  { chronicle }: StoryOptions,
  booked: Booked,
  look: () => Promise<readonly RecordEntry[]>,
): Promise<void> {
  const endsAt = Date.parse(booked.scheduled_at) + DURATION_MINUTES * 60_000;
  for (let isLast = false; ; isLast = Date.now() > endsAt + PATIENCE_MS) {
    const entries = await look();
    const kinds = new Set(entries.map(({ kind }) => kind));
    const lost = STATES_WITHOUT_A_SESSION.find((state) => kinds.has(state));
    if (lost !== undefined) throw new Error(`The session ended as ${lost}, not as completed.`);
    if (kinds.has('completed') && isFollowedUp(kinds)) {
      chronicle.say(new Date(), 'session', 'completed, and followed up');
      return;
    }
    if (isLast) break;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`The session ${booked.session_id} was not completed and followed up in time.`);
}

function isFollowedUp(kinds: ReadonlySet<string>): boolean {
  return kinds.has('follow_up.sent') || kinds.has('follow_up.delivered');
}
