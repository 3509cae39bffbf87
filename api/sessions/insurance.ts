import { v7 as uuidv7 } from 'uuid';
import type { Knex } from 'knex';
import type { Therapist } from '../../db/therapists.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { localDateOf } from '../../domain/local-time.ts';
import type { Coverage } from '../../domain/pricing.ts';
import type { Slot } from '../../domain/slots.ts';
import type { Call } from '../http/handler.ts';
import { unavailable } from './messages.ts';

export interface InsuranceInfo {
  readonly payer: string;
  readonly memberId: string;
  readonly groupNumber: string | null;
}

/** A plan that is in force, with the client's share of the price. */
export interface Verified {
  readonly coverage: Extract<Coverage, { kind: 'copay' }>;
  readonly info: InsuranceInfo;
}

/**
 * Asks the payer whether the client is covered on the day of the session. Null without
 * insurance. Throws `insurance_verification_failed` when it is not, with the payer's reason.
 */
export async function verifyInsurance(
  call: Call,
  info: InsuranceInfo | null,
  therapist: Therapist,
  slot: Slot,
): Promise<Verified | null> {
  if (info === null) return null;
  const { eligibility } = call.deps;
  if (eligibility === null) throw failed('not_configured', 'This clinic verifies no insurance.');
  if (!therapist.insurers.some((insurer) => insurer.toLowerCase() === info.payer.toLowerCase())) {
    throw failed('payer_not_accepted', 'The therapist does not accept this insurer.');
  }
  const answer = await eligibility
    .verify({
      payer: info.payer,
      memberId: info.memberId,
      ...(info.groupNumber === null ? {} : { groupNumber: info.groupNumber }),
      serviceDate: localDateOf(therapist.timeZone, slot.startMs),
      serviceType: 'mental-health',
    })
    .catch((error: unknown) => {
      throw unavailable(error);
    });
  if (answer.status === 'active') {
    return { coverage: { kind: 'copay', copayCents: answer.copayCents }, info };
  }
  throw failed(answer.status, 'The insurer does not confirm coverage for this session.');
}

function failed(reason: string, message: string): HoldfastError {
  return new HoldfastError('insurance_verification_failed', message, { reason });
}

/** Keeps what the payer said with the session; the member's number is sealed. */
export async function keepCoverage(
  call: Call,
  trx: Knex.Transaction,
  sessionId: string,
  { coverage, info }: Verified,
): Promise<void> {
  const id = uuidv7();
  const ref = { purpose: 'session', objectId: sessionId, column: 'member', rowId: id };
  const member = await call.deps.cipher.sealField(trx, ref, JSON.stringify(info));
  await trx('coverage_checks').insert({
    id,
    session_id: sessionId,
    client_id: call.principal.personId,
    payer: info.payer,
    member,
    status: 'active',
    copay_cents: coverage.copayCents,
  });
}
