import { findTurn } from '../../db/companion.ts';
import type { TurnOutcome } from '../../db/companion.ts';
import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import { nextTurn } from '../../domain/companion/companion.ts';
import { openCompanion } from '../../domain/companion/state.ts';
import type { CompanionState } from '../../domain/companion/types.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import type { Alarming } from '../../domain/triage/screen.ts';
import { knownClinic } from '../access/principal.ts';
import { textsOf } from '../crisis/as-written.ts';
import { helpLines, withHelpLines } from '../crisis/help-lines.ts';
import { raiseAlert } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { Call } from '../http/handler.ts';
import { safely } from '../http/error-handler.ts';
import { alarmForBody } from '../crisis/alarm.ts';
import { betterReply } from './better-reply.ts';
import { placeOf } from './conversation.ts';
import type { Place } from './conversation.ts';
import { memoryOf } from './memory.ts';
import { conversationIdOf, recordAlarm, recordTurn, sessionOf } from './record-turn.ts';
import type { Placed, Taking } from './record-turn.ts';
import type { Recorded, Taken } from './recorded.ts';
import { replyOf } from './replies.ts';
import { openTurns } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';
import { personsWords } from './turn-wish.ts';
import type { TurnWish } from './turn-wish.ts';

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
    const isCry = await alarmForBody(deps, principal, personsWords(body), requestId, 'companion');
    throw isCry ? await withHelpLines(deps, principal, error) : error;
  }
}

/** `final` may not be replaced by a better answer any more. */
type Outcome =
  | { readonly kind: 'final'; readonly taken: Taken }
  | { readonly kind: 'open'; readonly recorded: Recorded };

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
  const placed = hear(taking, place);
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

/** Reads the turn together with what its author said last; on opening, with what they say they said. */
function hear(taking: Taking, place: Place): Placed {
  const { call, wish } = taking;
  const known = place.kind === 'known' ? place.known : null;
  const lately = memoryOf(call.deps).lately(call.principal.personId, known, Date.now());
  const told = wish.before.filter(({ role }) => role === 'user').map(({ text }) => text);
  const words = personsWords(call.body, known === null);
  return { ...taking, place, screening: screenWords(words, { previous: [...told, ...lately] }) };
}

/** The guided companion's answer, on record at once. */
async function answer(placed: Placed): Promise<Outcome | null> {
  const { wish, place } = placed;
  const now = Date.now();
  const language = wish.details.language;
  const before =
    (place.kind === 'known' ? place.known.state : null) ??
    openCompanion(now, language === null ? {} : { language });
  const { state, reply } = nextTurn(before, wish.text ?? '', now);
  const given = replyOf(reply);
  const outcome = await recordTurn(placed, { reply: given, source: 'guided', state });
  if (outcome.outcome === 'alarmed') return answerAlarmed(placed, outcome.alertId);
  if (outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, state);
  const taken = takenOf(placed, outcome, given);
  const { version } = outcome;
  return { kind: 'open', recorded: { taken, placed, before, after: state, version } };
}

/** The reply to a crisis, with its alert. */
async function answerCry(placed: Placed, screening: Alarming): Promise<Outcome | null> {
  const { deps, principal } = placed.call;
  const lines = await helpLines(deps, principal.clinicId);
  const { outcome, raised, reply } = await recordAlarm(placed, screening, ({ alertId, isNew }) =>
    replyOf(crisisReply(lines, { ...languageOf(placed), isRepeated: !isNew }), {
      severity: screening.severity,
      alertId,
    }),
  );
  if (raised === null || outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, null);
  return final(takenOf(placed, outcome, reply));
}

/** Nobody has answered the person's alert yet: the companion talks of nothing else. */
async function answerAlarmed(placed: Placed, alertId: string): Promise<Outcome | null> {
  const { deps, principal } = placed.call;
  const lines = await helpLines(deps, principal.clinicId);
  const reply = replyOf(crisisReply(lines, { ...languageOf(placed), isRepeated: true }), {
    alertId,
  });
  const outcome = await recordTurn(placed, { reply, source: 'crisis', state: null });
  if (outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, null);
  return final(takenOf(placed, outcome, reply));
}

function languageOf({ wish, place }: Placed): { readonly language?: string } {
  const language =
    (place.kind === 'known' ? place.known.state?.language : null) ?? wish.details.language;
  return language === null || language === undefined ? {} : { language };
}

function takenOf(
  placed: Placed,
  { number, takenAt }: Extract<TurnOutcome, { outcome: 'taken' }>,
  reply: GivenReply,
): Taken {
  const conversationId = conversationIdOf(placed);
  const isCrisis = reply.type === 'crisis-response';
  return { conversationId, turnId: placed.call.newId, number, reply, isCrisis, takenAt };
}

function final(taken: Taken): Outcome {
  return { kind: 'final', taken };
}

/** What this process knows of the conversation after the turn; a new one is read when it goes on. */
function remember(
  placed: Placed,
  { version, number, takenAt }: Extract<TurnOutcome, { outcome: 'taken' }>,
  state: CompanionState | null,
): void {
  const { place, wish, call } = placed;
  if (place.kind === 'new') return;
  const { known } = place;
  const conversation = {
    ...known.conversation,
    version,
    turnCount: number,
    lastTurnAt: takenAt,
    awaitsConsent: false,
  };
  const said =
    wish.text === null
      ? known.said
      : [...known.said, { text: wish.text, atMs: takenAt.getTime() }].slice(-5);
  const { conversations } = memoryOf(call.deps);
  conversations.set(conversation.id, { conversation, state: state ?? known.state, said });
}

/** The turn was not taken: it is there already, the conversation is over, or all is read anew. */
async function otherwise(placed: Placed, outcome: TurnOutcome): Promise<Outcome | null> {
  const { conversations } = memoryOf(placed.call.deps);
  const id = conversationIdOf(placed);
  conversations.delete(id);
  switch (outcome.outcome) {
    case 'known':
      return recall(placed);
    case 'over':
      throw new HoldfastError('wrong_state', 'This conversation has ended');
    case 'none':
      if (placed.place.kind === 'new') return null;
      throw new HoldfastError('not_found', 'There is no such conversation');
    default:
      return null;
  }
}

/** The same request again: what it was answered with. */
async function recall(placed: Placed): Promise<Outcome | null> {
  const { deps, newId } = placed.call;
  const turn = await findTurn(deps.knex, newId);
  if (turn === null) return null;
  const { conversationId } = turn;
  const [opened] = await openTurns(deps.cipher, deps.knex, conversationId, [turn]);
  const { number, reply, isCrisis, saidAt } = opened!;
  return final({
    conversationId,
    turnId: newId,
    number,
    reply,
    isCrisis,
    takenAt: saidAt,
  });
}

/**
 * The turn could not be taken. Whoever cries for help in it is heard all the same: with a database
 * that does not answer, the reply and the alert are all there is.
 */
async function callForHelp(placed: Placed, error: unknown): Promise<Outcome> {
  const { call, screening } = placed;
  const { deps, principal, requestId } = call;
  const { severity, type } = screening;
  if (severity === null) throw error;
  const { personId } = principal;
  const clinicId = knownClinic(principal);
  const report = {
    clinicId,
    personId,
    severity,
    type,
    source: 'companion' as const,
    sessionId: sessionOf(placed),
    messageId: null,
    reportedBy: personId,
    words: placed.words,
  };
  try {
    const { alertId, isNew } = await raiseAlert(deps, report, { principal, requestId });
    if (isRefusal(error)) throw error;
    deps.log.error({ requestId, error: safely(error) }, 'a turn with a cry for help was not kept');
    const lines = await helpLines(deps, clinicId);
    const wish = { ...languageOf(placed), isRepeated: !isNew };
    const reply = replyOf(crisisReply(lines, wish), { severity, alertId });
    const conversationId = placed.place.kind === 'known' ? conversationIdOf(placed) : null;
    const taken = { conversationId, turnId: call.newId, number: 0, reply };
    return final({ ...taken, isCrisis: true, takenAt: new Date() });
  } catch (refused) {
    throw await withHelpLines(deps, principal, refused);
  }
}

/** Told apart from what went wrong: there is nothing to be had by asking again. */
function isRefusal(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code === 'not_found' || code === 'wrong_state' || code === 'refused_by_rule';
}
