import { randomInt } from 'node:crypto';
import type { Delivery } from '../../activities/gateways/delivery.ts';
import type { RefusalReason } from '../../activities/gateways/twilio.ts';
import type { FieldRef } from '../../crypto/field-cipher.ts';
import {
  confirmPhone as confirmInDatabase,
  countAttempt,
  findPhone,
  isOwnVerification,
  openVerification,
} from '../../db/phones.ts';
import type { PhoneChannel } from '../../db/phones.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { hashPassword, verifyPassword } from '../auth/passwords.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayVerifyPhone } from '../access/on-call-access.ts';
import type { Answer, Call } from '../http/handler.ts';

interface VerifyBody {
  readonly phone?: string;
  readonly channel: PhoneChannel;
}

interface ConfirmBody {
  readonly id: string;
  readonly code: string;
}

const TTL_MS = 10 * 60_000;
const RING_SECONDS = 40;
const CODES = 1_000_000;

/** Where the code is kept that a call has to say. */
export function spokenCodeRef(verificationId: string): FieldRef {
  return { purpose: 'phone_verification', objectId: verificationId, column: 'spoken_code' };
}

/** POST /api/v1/phones/verify */
export async function verifyPhone(call: Call<VerifyBody>): Promise<Answer> {
  const { body, deps, newId: id, principal } = call;
  const { personId } = principal;
  const target = { action: 'phone.verify', objectType: 'person', objectId: personId };
  await enforce(call, mayVerifyPhone(principal), target);
  const { channel } = body;
  const phone = body.phone ?? (await findPhone(deps.knex, personId));
  if (phone === null) throw badPhone('must be given: there is none on record');
  const code = String(randomInt(CODES)).padStart(6, '0');
  const codeHash = await hashPassword(code);
  const context = auditContext(principal, call.requestId);
  const { expiresAt } = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, subjectId: personId, changes: { channel } });
    const spokenCode =
      channel === 'voice' ? await deps.cipher.sealField(trx, spokenCodeRef(id), code) : null;
    const given = { id, personId, phone, channel, codeHash, spokenCode };
    return openVerification(trx, { ...given, ttlMs: TTL_MS });
  });
  requireDelivery(await send(call, id, phone, code));
  return { status: 202, body: { id, phone, channel, expiresAt: expiresAt.toISOString() } };
}

/** POST /api/v1/phones/confirm */
export async function confirmPhone(call: Call<ConfirmBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const { personId } = principal;
  const target = { action: 'phone.confirm', objectType: 'person', objectId: personId };
  await enforce(call, mayVerifyPhone(principal), target);
  const attempt = await countAttempt(deps.knex, personId, body.id);
  if (attempt === null) throw await overOrUnknown(call);
  if (!(await verifyPassword(attempt.codeHash, body.code))) {
    const { attemptsLeft } = attempt;
    throw new HoldfastError('refused_by_rule', 'This is not the code', {
      fields: [{ field: 'code', message: 'is not the one that was sent' }],
      attemptsLeft,
    });
  }
  const context = auditContext(principal, call.requestId);
  const confirmed = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, subjectId: personId });
    const done = await confirmInDatabase(trx, personId, body.id);
    if (done === null) throw over();
    return done;
  });
  const { phone, verifiedAt } = confirmed;
  return { status: 200, body: { phone, verifiedAt: verifiedAt.toISOString() } };
}

function send(
  { body, deps }: Call<VerifyBody>,
  id: string,
  to: string,
  code: string,
): Promise<Delivery<RefusalReason>> {
  const { publicUrl } = deps.http;
  const statusCallback = `${publicUrl}/webhooks/twilio/status?key=phone:${id}`;
  if (body.channel === 'sms') {
    const text = `${code} is your Holdfast code. It is good for 10 minutes.`;
    return deps.sms.sendSms({ to, body: text, statusCallback });
  }
  const url = `${publicUrl}/webhooks/twilio/phone-code?id=${id}`;
  return deps.sms.call({ to, url, statusCallback, ringTimeoutSeconds: RING_SECONDS });
}

/** An ambiguous one may well have arrived, so that its code is worth waiting for. */
function requireDelivery(delivery: Delivery<RefusalReason>): void {
  if (delivery.kind === 'accepted' || delivery.kind === 'ambiguous') return;
  if (delivery.kind === 'refused' && delivery.reason !== 'misconfigured') {
    throw badPhone('can not be reached');
  }
  throw new HoldfastError('dependency_unavailable', 'The phone provider does not answer', {
    retryAfterSeconds: 30,
  });
}

async function overOrUnknown({ body, deps, principal }: Call<ConfirmBody>): Promise<HoldfastError> {
  const isOwn = await isOwnVerification(deps.knex, principal.personId, body.id);
  return isOwn ? over() : new HoldfastError('not_found', 'There is nothing of this id');
}

function over(): HoldfastError {
  return new HoldfastError('wrong_state', 'The code was used, is over or was tried too often');
}

function badPhone(message: string): HoldfastError {
  return new HoldfastError('refused_by_rule', `phone ${message}`, {
    fields: [{ field: 'phone', message }],
  });
}
