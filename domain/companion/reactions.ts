import type { StepTexts } from './dialogue.ts';
import { DIALOGUES } from './dialogues/index.ts';
import type { CompanionTexts } from './language.ts';
import { helpfulTopics } from './moods.ts';
import type { WordsReading } from './reading.ts';
import type { CompanionIntent, CompanionState, ReplyType, Topic } from './types.ts';
import { type Stride, answer, askAgain, begin, fill, isReadyStep } from './walk.ts';

/** Nobody has tried anything sooner, ms. */
const REVIEW_AFTER_MS = 3 * 3_600_000;
const GREETING_WORDS = 4;
const ASSENT_WORDS = 6;

/** What a turn comes to, before it is put into a reply. */
export interface Reaction {
  readonly state: CompanionState;
  readonly lines: readonly string[];
  readonly type: ReplyType;
  readonly intent?: CompanionIntent;
  readonly suggestions: readonly string[];
  readonly followUps?: readonly string[];
  readonly wantsHuman?: boolean;
  readonly topic?: Topic | null;
  readonly isUnderstood?: boolean;
}

export interface Scene {
  readonly state: CompanionState;
  readonly reading: WordsReading;
  readonly texts: CompanionTexts;
  readonly now: number;
}

/** Somebody is back after a while: their place is kept, and their plan is asked after. */
export function comeBack(scene: Scene): Reaction {
  const { state, reading, texts, now } = scene;
  const { general, dialogues } = texts;
  const kept: CompanionState = { ...state, current: null, paused: state.current ?? state.paused };
  const isGreeting =
    reading.mood === 'neutral' && reading.wish === null && reading.wordCount <= GREETING_WORDS;
  const isRemark = reading.remarks.size > 0;
  if (!isGreeting || isRemark) {
    const reaction = react({ ...scene, state: kept });
    return { ...reaction, lines: [general.welcomeBack, ...reaction.lines] };
  }
  const { intention } = kept;
  const review = intention === null ? undefined : DIALOGUES[intention.topic].review;
  if (intention !== null && review !== undefined && now - intention.madeAt >= REVIEW_AFTER_MS) {
    const stride = begin({ ...kept, intention: null }, intention.topic, texts, review);
    const line = fill(general.welcomeBackIntention, { intention: intention.text }, texts);
    return exercise({ ...stride, lines: [line] }, scene);
  }
  if (kept.paused === null)
    return open({ ...scene, state: kept }, [general.welcomeBack, general.asksFirst]);
  const line = fill(general.welcomeBackPaused, { name: dialogues[kept.paused.topic].name }, texts);
  return open({ ...scene, state: kept }, [line]);
}

/** To whoever has been here all the time. */
export function react(scene: Scene): Reaction {
  const { state, reading, texts } = scene;
  const { general } = texts;
  if (reading.remarks.has('human')) return handOver(scene);
  if (reading.remarks.has('who')) {
    const again = state.current === null ? null : askAgain(state, state.current, texts);
    const lines = [general.whoIAm, ...(again?.lines ?? [general.asksFirst])];
    if (again !== null) return { ...exercise({ ...again, lines }, scene), intent: 'asks-who' };
    return { ...open(scene, lines), type: 'information', intent: 'asks-who' };
  }
  if (reading.remarks.has('bye')) return farewell(scene);
  return state.current === null ? reactOutside(scene) : reactInside(scene);
}

function handOver(scene: Scene): Reaction {
  const { state, texts } = scene;
  const suggestions = suggest(scene, [], state.current !== null);
  return {
    state,
    lines: [texts.general.human],
    type: 'hand-over',
    intent: 'talk-to-human',
    suggestions: suggestions.filter((words) => words !== texts.general.suggestHuman),
    wantsHuman: true,
  };
}

function farewell({ state, texts }: Scene): Reaction {
  const { general, dialogues } = texts;
  const paused = state.current ?? state.paused;
  const line =
    state.current === null
      ? general.bye
      : fill(general.byePaused, { name: dialogues[state.current.topic].name }, texts);
  return {
    state: { ...state, current: null, paused, offered: null, isOver: true },
    lines: [line],
    type: 'farewell',
    intent: 'farewell',
    suggestions: [],
  };
}

function reactInside(scene: Scene): Reaction {
  const { state, reading, texts, now } = scene;
  const place = state.current;
  if (place === null) return reactOutside(scene);
  const { remarks, wish } = reading;
  const { general } = texts;
  if (remarks.has('stop') || remarks.has('other')) {
    const left: CompanionState = { ...state, current: null, paused: place };
    const lines = [general.stopped, variant(general.menu, state)];
    return { ...open({ ...scene, state: left }, lines), intent: 'pause' };
  }
  if (remarks.has('restart')) return enter(scene, place.topic);
  if (wish !== null && wish !== place.topic) return enter(scene, wish);
  if (remarks.has('again') || (remarks.has('resume') && !isReadyStep(place))) {
    return exercise(askAgain(state, place, texts), scene);
  }
  return exercise(answer(state, place, reading, texts, now), scene);
}

function enter(scene: Scene, topic: Topic): Reaction {
  const { state, texts } = scene;
  const stride = begin(state, topic, texts);
  const line = fill(texts.general.begin, { name: texts.dialogues[topic].name }, texts);
  return {
    ...exercise({ ...stride, lines: [line, ...stride.lines] }, scene),
    intent: 'choose-topic',
  };
}

/** A step of a dialogue as a reaction; after the end, what else there is. */
function exercise(stride: Stride, scene: Scene): Reaction {
  const { texts } = scene;
  const { general, dialogues } = texts;
  const { state, asked, isUnderstood } = stride;
  if (asked !== null) {
    const suggestions = suggestionsAt(asked, scene);
    const followUps = asked.followUps ?? [];
    const intent = 'exercise-answer';
    return {
      state,
      lines: stride.lines,
      type: 'exercise',
      intent,
      suggestions,
      followUps,
      isUnderstood,
    };
  }
  const last =
    stride.offer === null
      ? general.afterDialogue
      : fill(general.offer, { name: dialogues[stride.offer].name }, texts);
  const reaction = open({ ...scene, state }, [...stride.lines, last]);
  return { ...reaction, intent: 'exercise-answer', topic: scene.state.current?.topic ?? null };
}

function suggestionsAt(asked: StepTexts, { texts }: Scene): readonly string[] {
  return asked.suggestions ?? [texts.general.suggestStop, texts.general.suggestHuman];
}

function reactOutside(scene: Scene): Reaction {
  const { state, reading, texts } = scene;
  const { general } = texts;
  const { remarks, wish } = reading;
  if (remarks.has('resume')) return resume(scene);
  if (wish !== null) return enter(scene, wish);
  if (state.offered !== null && reading.wordCount <= ASSENT_WORDS) {
    if (remarks.has('yes') && !remarks.has('no')) return enter(scene, state.offered);
    if (remarks.has('no')) {
      return open({ ...scene, state: { ...state, offered: null } }, [variant(general.menu, state)]);
    }
  }
  const isBareAnswer = (remarks.has('yes') || remarks.has('no')) && reading.wordCount <= 2;
  if (isBareAnswer || remarks.has('other') || remarks.has('stop') || remarks.has('restart')) {
    return open(scene, [variant(general.menu, state)]);
  }
  if (remarks.has('thanks')) {
    return open(scene, [variant(general.thanks, state), general.afterDialogue]);
  }
  if (reading.bare === '' || reading.intent === 'greeting') return open(scene, [general.asksFirst]);
  return listen(scene);
}

function resume(scene: Scene): Reaction {
  const { state, texts } = scene;
  const { general } = texts;
  if (state.paused === null)
    return open(scene, [general.nothingPaused, variant(general.menu, state)]);
  const stride = askAgain({ ...state, paused: null, offered: null }, state.paused, texts);
  return {
    ...exercise({ ...stride, lines: [general.resumed, ...stride.lines] }, scene),
    intent: 'resume',
  };
}

/** Something is told: a word to it, and what may help. */
function listen(scene: Scene): Reaction {
  const { state, reading, texts } = scene;
  const { general, dialogues } = texts;
  const topic = reading.topics[0] ?? helpfulTopics(reading.mood, state)[0];
  const isKnown = reading.mood !== 'neutral' || reading.topics.length > 0;
  if (!isKnown || topic === undefined) {
    const said = reading.mood === 'neutral' ? general.listening : general.empathy[reading.mood];
    return { ...open(scene, [variant(said, state)]), isUnderstood: isKnown };
  }
  const lines = [
    variant(general.empathy[reading.mood], state),
    fill(general.offer, { name: dialogues[topic].name }, texts),
  ];
  const offered: Scene = { ...scene, state: { ...state, offered: topic } };
  const reaction = open(offered, lines);
  return { ...reaction, suggestions: [general.suggestYes, ...reaction.suggestions] };
}

/** A reply outside of any dialogue, with what may be done next. */
function open(scene: Scene, lines: readonly string[]): Reaction {
  const { state, texts } = scene;
  return {
    state,
    lines,
    type: 'supportive-response',
    suggestions: suggest(scene, helpfulTopics(state.mood, state), state.paused !== null),
    followUps: texts.general.followUps[state.mood],
  };
}

function suggest({ texts }: Scene, topics: readonly Topic[], canResume: boolean): string[] {
  const { general, dialogues } = texts;
  const wishes = topics.map((topic) => dialogues[topic].wish).slice(0, canResume ? 1 : 2);
  return [
    ...(canResume ? [general.suggestResume] : []),
    ...wishes,
    general.suggestOther,
    general.suggestHuman,
  ];
}

/** Deterministic, and yet not the same words every time. */
function variant(variants: readonly string[], { turns }: CompanionState): string {
  return variants[turns % variants.length] ?? '';
}
