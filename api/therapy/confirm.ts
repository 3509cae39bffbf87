import { type SessionRow } from '../../db/sessions.ts';
import { prepareSession } from '../../db/session-preparations.ts';
import { viewSession } from '../../db/session-views.ts';
import { googleCalendarUrl } from '../../domain/calendar.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { centsFromDecimal, decimalFromCents } from '../../domain/pricing.ts';
import type { Answer, Call } from '../http/handler.ts';
import { openSession } from '../sessions/open-session.ts';
import { type PaymentWish, paySession } from '../sessions/pay.ts';
import { preparationParts } from './preparations.ts';
import { paymentWord, roomOf, statusWord } from './present-session.ts';
import { ok } from './answers.ts';

interface ConfirmBody {
  readonly payment_method?: 'mvt_tokens' | 'credit_card';
  readonly mvt_amount?: number;
  readonly card_token?: string;
  readonly backup_payment?: { method: 'credit_card'; card_token: string };
  readonly consent: {
    therapy_agreement: boolean;
    privacy_policy: boolean;
    cancellation_policy: boolean;
  };
}

/** POST /api/therapy/sessions/{id}/confirm */
export async function confirmTherapySession(call: Call<ConfirmBody>): Promise<Answer> {
  const { deps, principal } = call;
  const { publicUrl } = deps.http;
  const session = await openSession(call, 'pay');
  const paid = await paySession(call, session, paymentWishOf(call.body, session));
  const current = (await viewSession(deps.knex, session.id, principal.personId))!;
  return ok({
    session_id: session.id,
    status: statusWord(current.status),
    payment_status: paymentWord(current),
    ...(paid.payment === null ? {} : { payment_transaction_id: paid.payment.id }),
    ...roomOf(current, { personId: principal.personId, publicUrl }),
    preparation_materials: await preparationOf(call, current),
    calendar_invite: calendarInvite(current, publicUrl),
  });
}

/** What is to be done before the session is known with its confirmation. */
async function preparationOf(call: Call, session: SessionRow): Promise<readonly object[]> {
  if (session.status === 'confirmed') {
    await prepareSession(call.deps.knex, session, 'preparation');
  }
  const [part] = await preparationParts(call, [session]);
  return part?.preparation_materials ?? [];
}

function paymentWishOf(body: ConfirmBody, session: SessionRow): PaymentWish {
  const refused = Object.entries(body.consent).filter(([, given]) => given !== true);
  if (refused.length > 0) {
    throw new HoldfastError('consent_required', 'All three consents are needed.', {
      fields: refused.map(([name]) => ({ field: `consent.${name}`, message: 'must be true' })),
    });
  }
  const method = body.payment_method === 'mvt_tokens' ? 'credits' : 'card';
  const cardToken = method === 'card' ? body.card_token : body.backup_payment?.card_token;
  if (session.due_cents > 0) assertPayable(body, session, method, cardToken);
  return {
    method,
    cardToken: cardToken ?? null,
    consents: { therapy_agreement: true, privacy_policy: true, cancellation_policy: true },
  };
}

function assertPayable(
  body: ConfirmBody,
  session: SessionRow,
  method: PaymentWish['method'],
  cardToken: string | undefined,
): void {
  const fault = (field: string, message: string): HoldfastError =>
    new HoldfastError('malformed_request', `${field} ${message}`, { fields: [{ field, message }] });
  if (body.payment_method === undefined)
    throw fault('payment_method', 'is needed for this session');
  if (method === 'card' && cardToken === undefined)
    throw fault('card_token', 'is needed to pay by card');
  if (method === 'credits' && body.mvt_amount !== undefined) {
    const offered = centsFromDecimal(body.mvt_amount);
    if (offered !== session.due_cents) {
      throw fault('mvt_amount', `must be ${decimalFromCents(session.due_cents)}, the amount due`);
    }
  }
}

function calendarInvite(session: SessionRow, publicUrl: string): Record<string, string> {
  const link = `${publicUrl}/room/${session.id}`;
  const times = { startsAt: session.starts_at.getTime(), endsAt: session.ends_at.getTime(), link };
  return {
    ics_url: `/api/therapy/sessions/${session.id}/calendar.ics`,
    google_calendar_url: googleCalendarUrl(times),
  };
}
