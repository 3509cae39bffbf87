import {
  allHandlersFinished,
  condition,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { AbsenceActivities, Answered } from '../activities/offers/contract.ts';
import { BACKGROUND, PROVIDER_WHILE_CALLER_WAITS } from './activity-options.ts';
import type { AbsenceInput, AbsenceResult, AnswerRequest } from './messages/offers.ts';
import {
  type Desk,
  type OpenOffer,
  installDesk,
  openDesk,
  untilAnswered,
  utc,
} from './offer-parts/answers.ts';
import { tell } from './offer-parts/telling.ts';
import { exclusively } from './session-parts/course.ts';

const { openAbsence, cancelForAbsence, withdrawAbsence } =
  proxyActivities<AbsenceActivities>(BACKGROUND);
const forCaller = proxyActivities<AbsenceActivities>(PROVIDER_WHILE_CALLER_WAITS);

/**
 * One session whose therapist is away. Its client chooses another time or their money back; when
 * they choose nothing in time, it is called off and everything goes back, so that nobody is
 * forgotten and nobody comes in vain.
 */
export async function absenceWorkflow({ offerId }: AbsenceInput): Promise<AbsenceResult> {
  const desk = openDesk();
  installDesk(desk, decide);
  const opening = await openAbsence({ offerId });
  if (opening.kind === 'over') return finish(opening.state);
  const { dueAt, startsAt } = opening;
  const offer: OpenOffer = { offerId, dueAt, startsAt, end: null, isWithdrawn: false };
  desk.offer = offer;
  show(offer);
  const telling = tell({ offerId, notice: 'offered' }, dueAt);
  await untilAnswered(offer, 'the session is called off');
  const end = await settle(desk, offer);
  await telling;
  // Whoever was told that it can't take place hears that it does.
  if (end === 'withdrawn') await tell({ offerId, notice: 'stands_again' }, startsAt);
  return finish(end);
}

function decide({ offerId }: OpenOffer, request: AnswerRequest): Promise<Answered> {
  const { answer, choiceId } = request;
  if (answer === 'decline') return forCaller.cancelForAbsence({ offerId, state: 'declined' });
  if (choiceId === 'refund') return forCaller.cancelForAbsence({ offerId, state: 'accepted' });
  return forCaller.moveForAbsence({ offerId, choiceId: choiceId ?? '' });
}

async function settle(desk: Desk, offer: OpenOffer): Promise<AbsenceResult['kind']> {
  const { offerId } = offer;
  return exclusively(desk, async () => {
    if (offer.end !== null) return offer.end;
    offer.end = offer.isWithdrawn
      ? (await withdrawAbsence({ offerId })).state
      : endOf(await cancelForAbsence({ offerId, state: 'lapsed' }));
    return offer.end;
  });
}

/** An end that was not heard of is on record; what it was is read from there. */
function endOf(answered: Answered): AbsenceResult['kind'] {
  return answered.kind === 'ended' ? answered.state : 'lapsed';
}

function show({ startsAt, dueAt }: OpenOffer): void {
  setCurrentDetails(
    [
      '**therapist away**: waits for what the client chooses; `withdraw` lets the session stand',
      '',
      `- session: ${utc(startsAt)}`,
      `- called off, unless something is chosen: ${utc(dueAt)}`,
    ].join('\n'),
  );
}

async function finish(kind: AbsenceResult['kind']): Promise<AbsenceResult> {
  setCurrentDetails(`**${kind}**: over`);
  await condition(allHandlersFinished);
  return { kind };
}
