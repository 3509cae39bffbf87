import type { ScreeningResponse } from '../../db/screening-responses.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Call } from '../http/handler.ts';

/** Throws `not_found` for another's response, `wrong_state` for one that is over. */
export function assertAnswerable<Row extends ScreeningResponse>(
  { principal }: Pick<Call, 'principal'>,
  response: Row | null,
): Row {
  if (response === null || response.personId !== principal.personId) {
    throw new HoldfastError('not_found', 'There is no such response session');
  }
  if (response.status === 'completed') throw alreadyCompleted();
  if (response.status === 'expired' || response.isOverdue) throw expired();
  return response;
}

function alreadyCompleted(): HoldfastError {
  return new HoldfastError('wrong_state', 'This response session is completed', {
    sessionStatus: 'completed',
  });
}

function expired(): HoldfastError {
  const message = 'This response session has expired. Please start the questionnaire again.';
  return new HoldfastError('wrong_state', message, { sessionStatus: 'expired' });
}
