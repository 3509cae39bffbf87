import { openOfferOfWish, absenceOffers, baselessOffers, noteAbsence } from '../../db/offers.ts';
import type { OutboxRow } from '../../db/outbox.ts';
import { noteVacancies } from '../../db/waitlist.ts';
import { isUuid, workflowId } from '../../domain/ids.ts';
import { ENDED_STATUSES } from '../../domain/session.ts';
import type { OutboxConsumer, OutboxDeps } from '../outbox/contract.ts';
import { startAbsence, startOffering, withdraw } from './starting.ts';

/** Steps after which a session that goes on has given up a time. */
const GIVING_UP = [
  'rescheduled',
  'relocated',
  'reassigned',
  'reschedule_refused',
  'reschedule_lapsed',
];

/** Times that sessions give up go to waiting clients. */
export const freedSlots: OutboxConsumer = {
  name: 'freed-slots',
  topics: { 'session.changed': [...ENDED_STATUSES, ...GIVING_UP] },
  handle: async (deps, { payload }) => {
    const { knex, temporal } = deps;
    const { sessionId, event } = payload;
    if (!isId(sessionId)) return;
    for (const vacancyId of await noteVacancies(knex, sessionId)) {
      await startOffering(temporal, { vacancyId });
    }
    // Whoever has moved or ended the session by themselves needs no choices any more.
    const isStill = event === 'reschedule_refused' || event === 'reschedule_lapsed';
    if (!isStill) await withdrawAbsences(deps, await absenceOffers(knex, 'session_id', sessionId));
  },
};

/** Absences begin and end, and wishes are taken back. */
export const absences: OutboxConsumer = {
  name: 'absences',
  topics: { 'absence.started': 'all', 'availability.changed': 'all', 'waitlist.removed': 'all' },
  handle: (deps, row) => HANDLERS[row.topic]!(deps, row),
};

const HANDLERS: Readonly<Record<string, OutboxConsumer['handle']>> = {
  'absence.started': begin,
  'availability.changed': endBaseless,
  'waitlist.removed': takeBack,
};

async function begin({ knex, temporal }: OutboxDeps, { payload }: OutboxRow): Promise<void> {
  const { exceptionId, sessionIds } = payload;
  if (!isId(exceptionId) || !Array.isArray(sessionIds)) return;
  const offerIds = await noteAbsence(knex, { exceptionId, sessionIds: sessionIds.filter(isId) });
  for (const offerId of offerIds) await startAbsence(temporal, { offerId });
}

/** Whoever takes time off back changes when the therapist works: the offers lose their reason. */
async function endBaseless(deps: OutboxDeps, { payload }: OutboxRow): Promise<void> {
  const { therapistId } = payload;
  if (!isId(therapistId)) return;
  await withdrawAbsences(deps, await baselessOffers(deps.knex, therapistId));
}

async function takeBack({ knex, temporal }: OutboxDeps, { payload }: OutboxRow): Promise<void> {
  const { wishId } = payload;
  if (!isId(wishId)) return;
  const offer = await openOfferOfWish(knex, wishId);
  if (offer !== null) await withdraw(temporal, workflowId('offer', offer.vacancyId!), offer.id);
}

async function withdrawAbsences(
  { temporal }: OutboxDeps,
  offerIds: readonly string[],
): Promise<void> {
  for (const id of offerIds) await withdraw(temporal, workflowId('absence', id), id);
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value);
}
