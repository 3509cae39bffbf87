import { v7 as newId } from 'uuid';
import { type TestApi, type TestPerson } from '../../support/api.ts';
import { addClient, addTherapist } from '../../support/stack-people.ts';

export interface Occurrence {
  sessionId: string;
  date: string;
  startsAt: string;
  status: string;
  payment: string;
  isMoved: boolean;
  isChanging: boolean;
  proposedStartsAt: string | null;
}
export interface Series {
  id: string;
  previousSeriesId: string | null;
  status: string;
  rule: string | null;
  startTime: string;
  excludedDates: string[];
  occurrences: Occurrence[];
}
export interface Problem {
  code: string;
  errors?: { field: string }[];
  occurrences?: { date: string; code: string }[];
}
export type Reply = { status: number; body: Series & Problem };
export interface Pair {
  readonly client: TestPerson;
  readonly therapist: TestPerson;
}

export const PATH = '/api/v1/series';
const DAY_MS = 86_400_000;

/** A Monday in half a year, long before anything is opened. */
export const MONDAY = dateOf(
  Math.ceil((Date.now() / DAY_MS + 180 - 4) / 7) * 7 * DAY_MS + 4 * DAY_MS,
);

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function later(days: number, from = MONDAY): string {
  return dateOf(Date.parse(from) + days * DAY_MS);
}

export const WEEKS = [MONDAY, later(7), later(14), later(21)];

/** A therapist who works around the clock, with a client. */
export async function pair(api: TestApi): Promise<Pair> {
  const therapist = await addTherapist(api);
  const client = await addClient(api);
  await relate(api, therapist, client);
  return { client, therapist };
}

/** Another client of the same therapist. */
export async function rivalOf(api: TestApi, people: Pair): Promise<Pair> {
  const rival = { ...people, client: await addClient(api) };
  await relate(api, people.therapist, rival.client);
  return rival;
}

async function relate(api: TestApi, therapist: TestPerson, client: TestPerson): Promise<void> {
  await api.knex('relationships').insert({
    id: newId(),
    clinic_id: api.clinicId,
    therapist_id: therapist.id,
    client_id: client.id,
  });
}

/** A request for a weekly series of four, unless something else is wished. */
export function wishOf({ client, therapist }: Pair, wish: object = {}): object {
  return {
    therapistId: therapist.id,
    clientId: client.id,
    sessionType: 'individual',
    format: 'video',
    timeZone: 'UTC',
    startDate: MONDAY,
    startTime: '10:00',
    durationMinutes: 50,
    rule: 'FREQ=WEEKLY;COUNT=4',
    ...wish,
  };
}

export function make(
  api: TestApi,
  by: TestPerson,
  people: Pair,
  wish: object = {},
): Promise<Reply> {
  return api.call('POST', PATH, wishOf(people, wish), { token: by.token }) as Promise<Reply>;
}

export function edit(api: TestApi, by: TestPerson, id: string, body: object): Promise<Reply> {
  return api.call('PATCH', `${PATH}/${id}`, body, { token: by.token }) as Promise<Reply>;
}

export async function made(
  api: TestApi,
  by: TestPerson,
  people: Pair,
  wish: object = {},
): Promise<Series> {
  const reply = await make(api, by, people, wish);
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body;
}

export async function shown(api: TestApi, by: TestPerson, id: string): Promise<Series> {
  const reply = await api.call<{ data: Series[] }>('GET', PATH, undefined, { token: by.token });
  return reply.body.data.find((each) => each.id === id)!;
}

/** The starts of what was not cancelled. */
export function times({ occurrences }: Series): string[] {
  return occurrences
    .filter(({ status }) => status !== 'cancelled')
    .map(({ startsAt }) => startsAt.slice(0, 16));
}

export function at(dates: readonly string[], time: string): string[] {
  return dates.map((date) => `${date}T${time}`);
}

/** Active claims of a person as their starts, in order. */
export async function claimsOf(api: TestApi, person: TestPerson): Promise<string[]> {
  const { rows } = await api.knex.raw(
    `SELECT to_char(lower(during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI') AS at FROM claims
     WHERE person_id = ? AND state = 'active' ORDER BY during`,
    [person.id],
  );
  return rows.map(({ at: start }: { at: string }) => start);
}
