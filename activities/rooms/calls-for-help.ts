import type { Knex } from 'knex';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { triggerTextRef } from '../../db/crisis-carrying.ts';
import { recordTrigger } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import { safeDetect } from '../../domain/triage/detect.ts';
import { type Alarming, screeningOf } from '../../domain/triage/screen.ts';

export interface CallDeps {
  readonly knex: Knex;
  readonly cipher: FieldCipher;
}

interface NewCall {
  readonly personId: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  readonly type: string;
  readonly source: 'report' | 'message';
  readonly words: object;
}

/**
 * A therapist has called for help without a word. The alert is their own: whoever an alert is about
 * hears of it, and nobody else in the room may. Whom it concerns stands in its sealed words.
 */
export function recordPanic(
  deps: CallDeps,
  call: { readonly by: string; readonly about: string; readonly sessionId: string },
): Promise<void> {
  const { by, about, sessionId } = call;
  const description = 'A silent call for help from a session that is taking place.';
  return record(deps, {
    personId: by,
    severity: 'critical',
    type: 'panic-button',
    source: 'report',
    words: { description, roomSessionId: sessionId, concerns: about },
  });
}

/**
 * What somebody wrote in a room, as the detector reads it with what they wrote before, oldest first;
 * null where nobody has to be called.
 */
export function cryIn(words: string, previous: readonly string[] = []): Alarming | null {
  const screening = screeningOf(safeDetect(words, { previous }));
  return screening.severity === null ? null : screening;
}

/** Somebody has written what sounds like a cry for help. */
export async function recordCry(
  deps: CallDeps,
  cry: {
    readonly personId: string;
    readonly words: string;
    readonly sessionId: string;
    readonly screening: Alarming;
  },
): Promise<void> {
  const { personId, words, sessionId, screening } = cry;
  const { severity, type } = screening;
  await record(deps, {
    personId,
    severity,
    type,
    source: 'message',
    words: { description: words, roomSessionId: sessionId },
  });
}

/** On record, and with the outbox on its way to the crisis lane. */
async function record({ knex, cipher }: CallDeps, call: NewCall): Promise<void> {
  const { personId, severity, type, source, words } = call;
  const { rows } = await knex.raw<{ rows: { clinic_id: string; role: string }[] }>(
    'SELECT clinic_id, role FROM people WHERE id = ?',
    [personId],
  );
  const { clinic_id: clinicId, role } = rows[0]!;
  const context = { actor: { id: personId, role, clinicId }, requestId: null };
  await inTransaction(knex, context, async (trx, audit) => {
    const raised = await recordTrigger(trx, {
      clinicId,
      personId,
      severity,
      type,
      source,
      sessionId: null,
      messageId: null,
      reportedBy: personId,
      details: (place) => cipher.sealField(trx, triggerTextRef(place), JSON.stringify(words)),
    });
    audit({
      action: raised.isNew ? 'alert.raise' : 'alert.raise_again',
      objectType: 'alert',
      objectId: raised.alertId,
      subjectId: personId,
      changes: { source, severity },
    });
  });
}
