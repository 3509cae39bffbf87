import { type OfferView, findOfferView } from '../../db/offers.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import { workflowId } from '../../domain/ids.ts';
import { answerUpdate } from '../../workflows/messages/offers.ts';
import type { Call } from '../http/handler.ts';
import { askWorkflow } from './messages.ts';

/**
 * Answers an offer; the same answer again changes nothing. Throws `wrong_state` for one that has
 * ended, `malformed_request` without a choice where there are several, `slot_unavailable` with
 * fresh choices where somebody was faster.
 */
export async function answerOffer(
  call: Call,
  offer: OfferView,
  answer: 'accept' | 'decline',
  choiceId: string | null,
): Promise<OfferView> {
  if (isAnswered(offer, answer, choiceId)) return offer;
  if (offer.state !== 'open') throw over();
  requireChoice(offer, answer, choiceId);
  const id =
    offer.kind === 'vacancy'
      ? workflowId('offer', offer.vacancyId!)
      : workflowId('absence', offer.id);
  const request = { offerId: offer.id, personId: call.principal.personId, answer, choiceId };
  try {
    await askWorkflow(call.deps, id, answerUpdate, request, call.newId);
  } catch (error) {
    throw await explained(call, offer, error);
  }
  const ended = (await findOfferView(call.deps.knex, offer.id))!;
  // Of two choices at once, the other one may have been first.
  if (!isAnswered(ended, answer, choiceId)) throw over();
  return ended;
}

function requireChoice(offer: OfferView, answer: string, choiceId: string | null): void {
  if (answer === 'decline' || offer.kind === 'vacancy') return;
  if (offer.choices.some(({ id }) => id === choiceId)) return;
  throw new HoldfastError('malformed_request', 'choiceId must name one of the choices.', {
    fields: [{ field: 'choiceId', message: 'must be the id of one of the choices' }],
  });
}

function isAnswered(offer: OfferView, answer: string, choiceId: string | null): boolean {
  if (answer === 'decline') return offer.state === 'declined';
  const isSame = offer.kind === 'vacancy' || offer.chosen?.id === choiceId;
  return offer.state === 'accepted' && isSame;
}

function over(): HoldfastError {
  return new HoldfastError('wrong_state', 'The offer has ended.');
}

/** Whoever came too late for one of the choices is told what is left. */
async function explained(call: Call, offer: OfferView, error: unknown): Promise<unknown> {
  if (!(error instanceof HoldfastError)) return error;
  const code = errorCodeOf(error);
  if (code === 'wrong_state') return over();
  if (code !== 'slot_unavailable') return error;
  const current = await findOfferView(call.deps.knex, offer.id);
  return new HoldfastError(code, error.message, { choices: current?.choices ?? [] });
}
