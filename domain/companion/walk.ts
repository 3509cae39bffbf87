import { KEPT_AT_MOST, SKIPPED, readAnswer, shorten } from './answers.ts';
import type { Dialogue, DialogueTexts, Step, StepAnswer, StepTexts } from './dialogue.ts';
import { DIALOGUES } from './dialogues/index.ts';
import type { CompanionTexts } from './language.ts';
import type { WordsReading } from './reading.ts';
import type { CompanionState, Intention, Place, Topic } from './types.ts';

/** How often a question is asked before it is let go. */
const TRIES = 2;

export interface Stride {
  readonly state: CompanionState;
  /** What is said, in order. */
  readonly lines: readonly string[];
  /** The question that is now open; null when the dialogue has ended. */
  readonly asked: StepTexts | null;
  /** What is offered after the end. */
  readonly offer: Topic | null;
  readonly isUnderstood: boolean;
}

/** Enters a dialogue; one that is under way is kept to come back to. */
export function begin(
  state: CompanionState,
  topic: Topic,
  texts: CompanionTexts,
  step: string = DIALOGUES[topic].first,
): Stride {
  const place: Place = { topic, step, given: {}, tries: 0 };
  const paused =
    state.current !== null && state.current.topic !== topic ? state.current : state.paused;
  const kept = paused?.topic === topic ? null : paused;
  return ask({ ...state, current: place, paused: kept, offered: null }, place, texts, []);
}

/** Asks again what is open. */
export function askAgain(state: CompanionState, place: Place, texts: CompanionTexts): Stride {
  return ask({ ...state, current: place }, place, texts, []);
}

/** Takes words as the answer to the open question, and goes where it leads. */
export function answer(
  state: CompanionState,
  place: Place,
  reading: WordsReading,
  texts: CompanionTexts,
  now: number,
): Stride {
  const { expects } = stepAt(place);
  const read = reading.remarks.has('skip') ? SKIPPED : readAnswer(expects, reading, place, texts);
  if (read !== null) return move(state, place, read, texts, now);
  const tries = place.tries + 1;
  if (tries >= TRIES) return move(state, place, SKIPPED, texts, now);
  const again = { ...place, tries };
  const { ask: asks, again: asksAgain } = textsAt(place, texts);
  return {
    state: { ...state, current: again },
    lines: [fill(asksAgain ?? asks, place.given, texts)],
    asked: textsAt(place, texts),
    offer: null,
    isUnderstood: false,
  };
}

function move(
  state: CompanionState,
  place: Place,
  read: StepAnswer,
  texts: CompanionTexts,
  now: number,
): Stride {
  const dialogue = DIALOGUES[place.topic];
  const { to, say, offer = null } = stepAt(place).next(read, place.given);
  const given = read.isSkipped
    ? place.given
    : { ...place.given, [place.step]: shorten(read.text, KEPT_AT_MOST) };
  const said = say === undefined ? undefined : dialogueTexts(place.topic, texts).says[say];
  const lines = said === undefined ? [] : [fill(said, given, texts)];
  if (to === null) return end(state, { ...place, given }, { lines, offer, dialogue, now });
  const next: Place = { ...place, step: to, given, tries: 0 };
  return ask({ ...state, current: next }, next, texts, lines);
}

interface Ending {
  readonly lines: readonly string[];
  readonly offer: Topic | null;
  readonly dialogue: Dialogue;
  readonly now: number;
}

function end(state: CompanionState, { topic, given }: Place, ending: Ending): Stride {
  const { lines, offer, dialogue, now } = ending;
  const finished = state.finished.includes(topic) ? state.finished : [...state.finished, topic];
  const intention = intentionOf(topic, given, dialogue, now) ?? state.intention;
  return {
    state: { ...state, current: null, offered: offer, finished, intention },
    lines,
    asked: null,
    offer,
    isUnderstood: true,
  };
}

function intentionOf(
  topic: Topic,
  given: Place['given'],
  { intention }: Dialogue,
  now: number,
): Intention | null {
  if (intention === undefined) return null;
  const what = intention.what.map((step) => given[step]).find((found) => found !== undefined);
  if (what === undefined) return null;
  const when = given[intention.when];
  const text = when === undefined ? what : `${what} (${when})`;
  return { topic, text: shorten(text, KEPT_AT_MOST), madeAt: now };
}

function ask(
  state: CompanionState,
  place: Place,
  texts: CompanionTexts,
  before: readonly string[],
): Stride {
  const asked = textsAt(place, texts);
  const lines = [...before, fill(asked.ask, place.given, texts)];
  return { state, lines, asked, offer: null, isUnderstood: true };
}

/** Whether anything at all goes on from here. */
export function isReadyStep(place: Place): boolean {
  return stepAt(place).expects.kind === 'ready';
}

function stepAt({ topic, step }: Place): Step<string, string> {
  const { steps, first } = DIALOGUES[topic];
  const found = steps[step] ?? steps[first];
  if (found === undefined) throw new RangeError('A dialogue has no first step.');
  return found;
}

function textsAt({ topic, step }: Place, texts: CompanionTexts): StepTexts {
  return dialogueTexts(topic, texts).steps[step] ?? { ask: texts.general.asksFirst };
}

function dialogueTexts(topic: Topic, texts: CompanionTexts): DialogueTexts {
  return texts.dialogues[topic];
}

/** Puts answers into a text, once: what somebody typed is never read as a text of ours. */
export function fill(
  text: string,
  given: Readonly<Record<string, string>>,
  { general }: CompanionTexts,
): string {
  return text.replaceAll(/\{([a-z-]+)\}/gu, (_, name: string) =>
    Object.hasOwn(given, name) ? (given[name] ?? general.blank) : general.blank,
  );
}
