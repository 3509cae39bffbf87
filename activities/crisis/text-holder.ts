import { noteRefusedText } from '../../db/crisis-pages.ts';
import { assertNever } from '../../domain/assert-never.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { CrisisDeps } from './deps.ts';

export interface HolderText {
  readonly alertId: string;
  readonly holderId: string;
  readonly body: string;
  /** The activity's, from 1. */
  readonly attempt: number;
}

/** As of pages: a text that may have gone out twice has gone out. */
const MOST_COPIES = 3;

/**
 * Texts whoever has an alert, at least once, as pages go out: throws where the text may not have,
 * to be tried again. One that the provider refuses is written down.
 */
export async function textHolder(
  deps: Pick<CrisisDeps, 'knex' | 'knowledge' | 'sms' | 'publicUrl'>,
  { alertId, holderId, body, attempt }: HolderText,
): Promise<void> {
  const to = deps.knowledge.phoneOf(holderId);
  if (to === null) return;
  const statusCallback = `${deps.publicUrl}/webhooks/twilio/crisis-text`;
  const delivery = await deps.sms.sendSms({ to, body: `Holdfast: ${body}`, statusCallback });
  switch (delivery.kind) {
    case 'accepted':
      return;
    case 'refused': {
      const { code } = delivery;
      await deps.knowledge.ask(() => noteRefusedText(deps.knex, { alertId, holderId, code }));
      return;
    }
    case 'ambiguous':
      if (attempt >= MOST_COPIES) return;
      throw notSent();
    case 'unavailable':
      throw notSent();
    default:
      assertNever(delivery);
  }
}

function notSent(): HoldfastError {
  return new HoldfastError('dependency_unavailable', 'The text provider does not answer');
}
