import type { Client } from '@temporalio/client';
import { findSession } from '../../db/sessions.ts';
import { startSession } from '../session/starting.ts';
import type { MessagingDeps } from '../session/reminders.ts';
import { cancelForAbsence, moveForAbsence, openAbsence, withdrawAbsence } from './absence.ts';
import type { AbsenceActivities, OfferActivities } from './contract.ts';
import { tellOffer } from './telling.ts';
import { acceptOffer, endOffer, offerNext } from './vacancies.ts';

export type OfferDeps = MessagingDeps & { readonly temporal: Client };

/** Everything about free times that are offered and sessions whose therapist is away. */
export function createOfferActivities(deps: OfferDeps): OfferActivities & AbsenceActivities {
  return {
    offerNext: ({ vacancyId }) => offerNext(deps.knex, vacancyId),
    acceptOffer: ({ offerId }) => acceptOffer(deps.knex, offerId),
    endOffer: (input) => endOffer(deps.knex, input),
    startBooked: async ({ sessionId }) => {
      const session = await findSession(deps.knex, sessionId);
      if (session !== null) await startSession(deps.temporal, session);
    },
    tellOffer: (input) => tellOffer(deps, input),
    openAbsence: ({ offerId }) => openAbsence(deps, offerId),
    moveForAbsence: (input) => moveForAbsence(deps, input),
    cancelForAbsence: (input) => cancelForAbsence(deps, input),
    withdrawAbsence: ({ offerId }) => withdrawAbsence(deps, offerId),
  };
}
