import { HoldfastError } from '../../domain/errors.ts';
import { type Screening, isGraver } from '../../domain/triage/screen.ts';
import { alarmForBody } from '../crisis/alarm.ts';
import { textsOf } from '../crisis/as-written.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { Call } from '../http/handler.ts';
import { answer, answerCry } from './answer-turn.ts';
import { betterReply } from './better-reply.ts';
import { callForHelp } from './call-for-help.ts';
import { placeOf } from './conversation.ts';
import type { Place } from './conversation.ts';
import { memoryOf } from './memory.ts';
import type { Placed, Taking } from './record-turn.ts';
import type { Outcome, Taken } from './recorded.ts';
import { personsWords, toldIn } from './turn-wish.ts';
import type { TurnWish } from './turn-wish.ts';
import { unheardOf } from './unheard.ts';

/**
 * Takes somebody's turn in a conversation with the companion. The detector reads all that they wrote
 * before anything can refuse it; what it finds becomes an alert in the transaction that records the
 * turn, and the reply is the reply to a crisis: no model is asked. Otherwise the guided companion
 * answers, on record at once, and a model may give a better answer where there is one. Throws
 * `malformed_request`, `not_found`, `wrong_state`, `dependency_unavailable`; words of crisis call a
 * human even then.
 */
export async function takeTurn(call: Call, read: (body: unknown) => TurnWish): Promise<Taken> {
  const wish = await readOrCall(call, read);
  // Nobody in need waits for others' turns.
  const isUrgent = screenWords(personsWords(call.body)).severity !== null;
  const taking: Taking = { call, wish, words: wordsOf(call.body, wish), isUrgent };
  const { queue } = memoryOf(call.deps);
  const key = wish.conversationId ?? wish.sessionId ?? call.newId;
  const outcome = await (isUrgent
    ? record(taking)
    : queue.run(key.toLowerCase(), () => record(taking)));
  return outcome.kind === 'final' ? outcome.taken : betterReply(call, wish, outcome.recorded);
}

/** For whoever takes the alert: what was said, and what else came with it. */
function wordsOf(body: unknown, { text }: TurnWish): string {
  const context: unknown = Object(body).context;
  return [text, context === undefined ? null : textsOf(context)]
    .filter((part) => part !== null)
    .join('\n');
}

async function readOrCall(call: Call, read: (body: unknown) => TurnWish): Promise<TurnWish> {
  try {
    return read(call.body);
  } catch (error) {
    const { deps, principal, body, requestId } = call;
    const words = personsWords(body);
    const alarmed = await alarmForBody(deps, principal, words, requestId, 'companion');
    if (alarmed === null) throw error;
    throw await withHelpLines(deps, principal, error, alarmed.alertId);
  }
}

/** Another process may take turns of the same conversation meanwhile; it never takes as many. */
const MOST_LOOKS = 25;

async function record(taking: Taking): Promise<Outcome> {
  for (let look = 1; look <= MOST_LOOKS; look += 1) {
    const recorded = await attempt(taking);
    if (recorded !== null) return recorded;
  }
  throw new HoldfastError('dependency_unavailable', 'Too much at once. Please try again.');
}

/** Null when another turn came between, so that all has to be read again. */
async function attempt(taking: Taking): Promise<Outcome | null> {
  const { call, wish, isUrgent } = taking;
  const memory = memoryOf(call.deps);
  const { knex, crisisKnex, cipher } = call.deps;
  const reading = { knex, cipher, db: isUrgent ? crisisKnex : knex };
  const looked = await settled(placeOf(reading, call.principal, wish));
  const place: Place = 'value' in looked ? looked.value : { kind: 'new', sessionId: null };
  const placed = await hear(taking, place);
  try {
    if ('error' in looked) throw looked.error;
    const { screening } = placed;
    const recorded = await (screening.severity === null
      ? answer(placed)
      : answerCry(placed, screening));
    if (recorded !== null && wish.text !== null) {
      memory.heard(call.principal.personId, { text: wish.text, atMs: Date.now() });
    }
    return recorded;
  } catch (error) {
    if (wish.text !== null) {
      memory.heard(call.principal.personId, { text: wish.text, atMs: Date.now() });
    }
    return callForHelp(placed, error);
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}

/**
 * Reads the turn together with what its author said last; on opening, with what they say they said,
 * and later with as much of that as nobody has heard yet.
 */
async function hear(taking: Taking, place: Place): Promise<Placed> {
  const { call, wish, isUrgent } = taking;
  const known = place.kind === 'known' ? place.known : null;
  const lately = memoryOf(call.deps).lately(call.principal.personId, known, Date.now());
  const before = wish.before.filter(({ role }) => role === 'user').map(({ text }) => text);
  const read = (told: readonly unknown[]): Screening =>
    screenWords(personsWords(call.body, told), { previous: [...before, ...lately] });
  const told = toldIn(call.body);
  if (known === null) return { ...taking, place, screening: read(told) };
  const screening = read([]);
  // Most clients repeat what was said: only where that would be graver is the record asked.
  if (!isUrgent || told.length === 0 || !isGraver(read(told), screening)) {
    return { ...taking, place, screening };
  }
  const reading = { cipher: call.deps.cipher, db: call.deps.crisisKnex };
  const unheard = await settled(unheardOf(reading, known.conversation.id, told));
  return { ...taking, place, screening: read('value' in unheard ? unheard.value : told) };
}
