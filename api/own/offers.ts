import { auditRead } from '../../db/audit/record.ts';
import { type OfferView, findOfferView, listOpenOffers } from '../../db/offers.ts';
import { isUuid } from '../../domain/ids.ts';
import type { AbsenceChoice } from '../../domain/absence.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayAnswerOffer, mayWait } from '../access/waitlist-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { answerOffer } from '../sessions/answer-offer.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface AcceptBody {
  readonly choiceId?: string;
}

/** GET /api/v1/offers */
export async function listOffers(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const target = { action: 'offer.list', objectType: 'offer', objectId: null };
  await enforce(call, mayWait(principal), target);
  const offers = await listOpenOffers(deps.knex, {
    clientId: principal.personId,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  await auditRead(deps.knex, auditContext(principal, call.requestId), target);
  return { status: 200, body: pageOf(offers, query.limit, present) };
}

/** POST /api/v1/offers/{id}/accept */
export async function acceptOffer(call: Call<AcceptBody | undefined>): Promise<Answer> {
  const offer = await openOffer(call, 'offer.accept');
  const answered = await answerOffer(call, offer, 'accept', call.body?.choiceId ?? null);
  return { status: 200, body: present(answered) };
}

/** POST /api/v1/offers/{id}/decline */
export async function declineOffer(call: Call): Promise<Answer> {
  const offer = await openOffer(call, 'offer.decline');
  return { status: 200, body: present(await answerOffer(call, offer, 'decline', null)) };
}

async function openOffer(call: Call, action: string): Promise<OfferView> {
  const id = call.params['id']!;
  const offer = await findOfferView(call.deps.knex, id);
  await enforce(call, mayAnswerOffer(call.principal, offer), {
    action,
    objectType: 'offer',
    objectId: id,
  });
  return offer!;
}

function present(offer: OfferView): Record<string, unknown> {
  const { session } = offer;
  return {
    id: offer.id,
    kind: offer.kind,
    state: offer.state,
    dueAt: offer.dueAt?.toISOString() ?? null,
    therapistId: offer.therapistId,
    sessionId: offer.sessionId,
    wishId: offer.wishId,
    session:
      session === null
        ? null
        : {
            startsAt: session.startsAt.toISOString(),
            endsAt: session.endsAt.toISOString(),
            status: session.status,
            sessionType: session.sessionType,
            format: session.format,
          },
    choices: offer.choices.map(presentChoice),
    chosenId: offer.chosen?.id ?? null,
    createdAt: offer.createdAt.toISOString(),
    closedAt: offer.closedAt?.toISOString() ?? null,
  };
}

function presentChoice(choice: AbsenceChoice): Record<string, unknown> {
  const { id, kind } = choice;
  if (choice.kind === 'refund')
    return { id, kind, therapistId: null, startsAt: null, endsAt: null };
  return {
    id,
    kind,
    therapistId: choice.therapistId,
    startsAt: new Date(choice.startsAt).toISOString(),
    endsAt: new Date(choice.endsAt).toISOString(),
  };
}
