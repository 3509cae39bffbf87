import type { ModelMessage } from '../../activities/gateways/model.ts';
import { listTurns } from '../../db/companion.ts';
import { keepPartialReply } from '../../db/companion-partial-replies.ts';
import { reserveSpending, settleSpending } from '../../db/companion-spending.ts';
import { checkModelReply } from '../../domain/companion/check-model-reply.ts';
import type { CrisisResource } from '../../domain/resources.ts';
import type { Alarming } from '../../domain/triage/screen.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { screenWords } from '../crisis/screen-words.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';
import { promptFor } from './prompt.ts';
import { isFirstAnswer } from './recorded.ts';
import type { Recorded } from './recorded.ts';
import { openSealed, openTurns, sealing } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';
import { shareHolder } from './share-holder.ts';
import { TEXTS } from './texts.ts';
import type { TurnWish } from './turn-wish.ts';

/** So many turns before this one are told to the model. */
const TURNS_TOLD = 12;

export type ModelAnswer =
  | { readonly kind: 'fit'; readonly reply: Partial<GivenReply> }
  /** What the model said speaks of a crisis: a human has to look. */
  | { readonly kind: 'crisis'; readonly screening: Alarming; readonly text: string }
  /** Where it was asked, time has gone by, and some of what it wrote may have been shown. */
  | { readonly kind: 'none'; readonly wasAsked: boolean };

const NONE: ModelAnswer = { kind: 'none', wasAsked: false };

/**
 * Asks the model for a reply, within what the clinic may spend, and checks it as it comes: each
 * sentence is shown only once the next is there, too, and all of the reply up to its end was found
 * fit. What looks like an end may be none, and one sentence may be meant by the other.
 */
export async function askModel(
  call: Call,
  wish: TurnWish,
  recorded: Recorded,
): Promise<ModelAnswer> {
  const { model, ...limits } = call.deps.companion;
  // An exercise that has begun is led to its end by whoever knows its steps.
  const isExercise = recorded.after.current !== null || recorded.taken.reply.type === 'farewell';
  if (model === null || model.isPaused() || wish.text === null || isExercise) return NONE;
  const { clinicId } = call.principal;
  const { knex, log } = call.deps;
  const [messages, lines, holder] = await Promise.all([
    messagesFor(call, wish, recorded),
    helpLines(call.deps, clinicId),
    shareHolder(call),
  ]);
  const most = { clinicId, holder, micros: model.ceilingOf(messages) };
  const reserved = await reserveSpending(knex, most, limits);
  if (reserved.outcome !== 'reserved') {
    const { outcome } = reserved;
    log.warn({ clinicId, outcome }, 'the model has cost as much as it may today');
    return NONE;
  }
  const checking = new Checking(call, recorded, lines);
  const reply = await model.reply(messages, (text) => checking.hear(text));
  const cost = reply.costMicros ?? unknownCost(reply, reserved.micros);
  const settling = settleSpending(knex, reserved, cost).catch((error: unknown) => {
    log.error({ clinicId, error: safely(error) }, 'what the model has cost could not be settled');
  });
  if (reply.kind === 'fault') {
    const { requestId } = call;
    const { faults } = checking;
    log.warn({ requestId, fault: reply.fault, faults }, 'the model gave no fit reply');
  }
  const answer = checking.conclude(reply.kind === 'text' ? reply.text : null, model.model);
  // Help waits for no accounts.
  if (answer.kind !== 'crisis') await settling;
  return answer;
}

/** Who refused to answer asks for no money; any other may have written, and is taken to have. */
function unknownCost(
  reply: { readonly kind: string; readonly fault?: string },
  most: number,
): number {
  const isFree = ['unreachable', 'busy', 'refused', 'paused'].includes(reply.fault ?? '');
  return isFree ? 0 : most;
}

async function messagesFor(
  call: Call,
  wish: TurnWish,
  { taken, placed: { place } }: Recorded,
): Promise<ModelMessage[]> {
  const { knex, cipher } = call.deps;
  const conversationId = taken.conversationId!;
  const sealed = place.kind === 'known' ? place.known.conversation.details : null;
  const [turns, details] = await Promise.all([
    listTurns(knex, conversationId, TURNS_TOLD + 1),
    sealed === null
      ? wish.details
      : openSealed(cipher, knex, { conversationId }, 'details', sealed),
  ]);
  const before = turns.filter(({ number }) => number < taken.number);
  const opened = await openTurns(cipher, knex, conversationId, before);
  const told = opened.flatMap(({ words, reply }): ModelMessage[] => [
    ...(words === null ? [] : [{ role: 'user' as const, content: words.text }]),
    { role: 'assistant', content: reply.text },
  ]);
  const earlier = opened.length === 0 ? wish.before.slice(-TURNS_TOLD) : [];
  return [
    { role: 'system', content: promptFor(details) },
    ...earlier.map(({ role, text }) => ({ role, content: text })),
    ...told,
    { role: 'user', content: wish.text ?? '' },
  ];
}

/** The end of a sentence that has something after it. */
const SENTENCE_END = /[.!?…](?:["'”’)\]]*)\s+/g;

/** Reads a reply while it is written. */
class Checking {
  faults: readonly string[] = [];
  readonly #call: Call;
  readonly #recorded: Recorded;
  readonly #contacts: readonly string[];
  #checkedTo = 0;
  /** All that has been written, as far as it came. */
  #heard = '';
  #crisis: { readonly screening: Alarming; readonly text: string } | null = null;

  constructor(call: Call, recorded: Recorded, lines: readonly CrisisResource[]) {
    this.#call = call;
    this.#recorded = recorded;
    this.#contacts = lines.flatMap(({ phone, text, website }) =>
      [phone, text, website].filter((way) => way !== null),
    );
  }

  /** Checks and shows what has become whole; false ends it: it is unfit, or may be shown no longer. */
  async hear(text: string): Promise<boolean> {
    this.#heard = text;
    const [end = 0, before = 0] = sentenceEnds(text).toReversed();
    if (end <= this.#checkedTo) return true;
    this.#checkedTo = end;
    if (!this.#isFit(text.slice(0, end).trim())) return false;
    return before === 0 || this.#show(text.slice(0, before).trim());
  }

  /** `text` is null for a reply that broke off: there may be danger in it all the same. */
  conclude(text: string | null, model: string): ModelAnswer {
    if (text === null && this.#crisis === null) this.#screen(this.#heard);
    if (this.#crisis === null && text !== null && this.#isFit(text.trim())) {
      const reply = {
        text: this.#disclosed(text.trim()),
        model,
        type: 'supportive-response',
      } as const;
      return { kind: 'fit', reply };
    }
    if (this.#crisis !== null) return { kind: 'crisis', ...this.#crisis };
    return { kind: 'none', wasAsked: true };
  }

  #isFit(text: string): boolean {
    const isCalm = this.#screen(text);
    const check = checkModelReply(text, { contacts: this.#contacts });
    if (!check.isFit) this.faults = check.faults;
    return check.isFit && isCalm;
  }

  #screen(text: string): boolean {
    const screening = screenWords(text);
    if (screening.severity !== null) this.#crisis = { screening, text };
    return screening.severity === null;
  }

  /** False where an alert of the person's pages by now. */
  async #show(text: string): Promise<boolean> {
    const { deps, principal } = this.#call;
    const { turnId, conversationId } = this.#recorded.taken;
    const seal = sealing(deps.cipher, deps.knex, conversationId!);
    const partial = await seal('partial', { text: this.#disclosed(text) }, turnId);
    const place = { id: turnId, conversationId: conversationId!, personId: principal.personId };
    return keepPartialReply(deps.knex, place, partial);
  }

  /** In a first answer it says what it is. */
  #disclosed(text: string): string {
    if (!isFirstAnswer(this.#recorded)) return text;
    return `${TEXTS.discloses} ${TEXTS.humanAtAnyTime}\n\n${text}`;
  }
}

function sentenceEnds(text: string): number[] {
  return [...text.matchAll(SENTENCE_END)].map(({ index, 0: whole }) => index + whole.length);
}
