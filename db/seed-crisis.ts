import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { DEFAULT_RESOURCES } from '../domain/resources.ts';
import { replaceResources } from './resources.ts';
import { insertRoster } from './rosters.ts';
import { DEMO_CLINIC } from './seed-data.ts';

const WEEK_MINUTES = 7 * 1_440;
export const DEMO_ROSTER_ID = '0195f000-0000-7000-8000-000000000501';

/** Who is on call for the demo clinic, week by week, and where its people find help besides. */
export async function seedCrisis(trx: Knex.Transaction, onCall: readonly string[]): Promise<void> {
  const clinicId = DEMO_CLINIC.id;
  const [first] = onCall;
  if (first === undefined) return;
  const turns = { people: onCall, shiftMinutes: WEEK_MINUTES, handOverMinute: 8 * 60 };
  const when = { zone: DEMO_CLINIC.timeZone, startsOn: '2024-01-01', endsOn: null };
  const rotations = [{ ...turns, ...when }];
  const roster = { id: DEMO_ROSTER_ID, clinicId, name: 'On call', rotations, createdBy: first };
  await insertRoster(trx, roster);
  // Nobody has reviewed them for the demo: they show as due.
  const review = { reviewedOn: null, reviewDueOn: null };
  const resources = [...DEFAULT_RESOURCES, DEMO_LOCAL].map((resource) => ({
    ...resource,
    ...review,
    id: newId(),
  }));
  const change = { clinicId, resources, expectedVersion: null, changedBy: null };
  await replaceResources(trx, change);
}

const DEMO_LOCAL = {
  kind: 'local',
  title: 'NYC 988',
  description: 'New York City’s free, confidential mental health support',
  phone: '1-888-692-9355',
  text: 'Text WELL to 65173',
  website: 'https://nyc988.cityofnewyork.us',
  available: '24/7',
  languages: ['en', 'es', 'zh'],
  population: null,
  country: 'US',
  location: 'New York, NY',
  latitude: 40.7128,
  longitude: -74.006,
} as const;
