import { condition, setHandler } from '@temporalio/workflow';
import type { Answered } from '../../activities/offers/contract.ts';
import { isUuid } from '../../domain/ids.ts';
import {
  type AnswerOutcome,
  type AnswerRequest,
  answerUpdate,
  withdrawSignal,
} from '../messages/offers.ts';
import { refusal, textField } from '../arguments.ts';
import { type Queue, exclusively } from '../session-parts/course.ts';

/** How long an answer waits for the offer that it is about, when the workflow has just begun. */
const OFFER_WAIT_MS = 8_000;

/** An offer that somebody has to answer. */
export interface OpenOffer {
  readonly offerId: string;
  readonly dueAt: number;
  readonly startsAt: number;
  /** Null while it is open. */
  end: AnswerOutcome['state'] | null;
  isWithdrawn: boolean;
}

export interface Desk extends Queue {
  offer: OpenOffer | null;
}

export function openDesk(): Desk {
  return { offer: null, turn: Promise.resolve() };
}

type Decide = (offer: OpenOffer, request: AnswerRequest) => Promise<Answered>;

/** Installs what others may say to an offer. Must run before the first await. */
export function installDesk(desk: Desk, decide: Decide): void {
  setHandler(answerUpdate, (request) => answer(desk, request, decide), { validator: validate });
  setHandler(withdrawSignal, async (argument: unknown) => {
    // What has not been made yet can be taken back as well.
    await condition(() => desk.offer !== null, OFFER_WAIT_MS);
    const { offer } = desk;
    const meant = textField(argument, 'offerId') ?? offer?.offerId;
    if (offer !== null && offer.offerId === meant) offer.isWithdrawn = true;
  });
}

function validate(request: unknown): void {
  const isKnown = ['accept', 'decline'].includes(textField(request, 'answer') ?? '');
  const isPerson = isUuid(textField(request, 'personId') ?? '');
  if (isKnown && isPerson && isUuid(textField(request, 'offerId') ?? '')) return;
  throw refusal('malformed_request', 'The argument is not what this message asks for.');
}

/** An answer and the offer's own end take turns: whichever comes first is the only one. */
async function answer(desk: Desk, request: AnswerRequest, decide: Decide): Promise<AnswerOutcome> {
  await condition(() => desk.offer !== null, OFFER_WAIT_MS);
  return exclusively(desk, async () => {
    const { offer } = desk;
    if (offer === null || offer.offerId !== request.offerId) throw over();
    if (offer.end !== null) return repeated(offer.end, request);
    const answered = await decide(offer, request);
    if (answered.kind === 'refused')
      throw refusal(answered.code, REFUSALS[answered.code] ?? answered.code);
    offer.end = answered.state;
    return repeated(answered.state, request);
  });
}

const REFUSALS: Readonly<Record<string, string>> = {
  wrong_state: 'The offer has ended.',
  slot_unavailable: 'This time is no longer free; the offer has others.',
  booking_limit_exceeded: 'You have as many sessions open as the clinic allows.',
  refused_by_rule: 'The offer has no such choice.',
};

function over(): Error {
  return refusal('wrong_state', REFUSALS.wrong_state!);
}

/** The same answer again hears the same; another one comes too late. */
function repeated(state: AnswerOutcome['state'], { answer }: AnswerRequest): AnswerOutcome {
  const isSame = state === (answer === 'accept' ? 'accepted' : 'declined');
  if (isSame) return { state };
  throw over();
}

/** Resolves when the offer has been answered, is due or is taken back, whichever comes first. */
export async function untilAnswered(offer: OpenOffer, name: string): Promise<void> {
  const isStirred = (): boolean => offer.end !== null || offer.isWithdrawn;
  const waitMs = offer.dueAt - Date.now();
  if (waitMs > 0) await condition(isStirred, waitMs, { summary: name });
}

export function utc(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
