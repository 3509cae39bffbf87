import type { PhraseGroup } from './language-pack.ts';
import type { Tag } from './lexicon.ts';
import type { Match } from './patterns.ts';
import { type Scene, means } from './scene.ts';
import { storyOf } from './story.ts';
import {
  denialOf,
  has,
  isHabitOfThePast,
  isDeferred,
  isIntended,
  isPast,
  isSaidOfOneself,
  subjectOf,
  voiceOf,
} from './surroundings.ts';
import { SEVERITIES } from './types.ts';
import type { Adjustment, Category, Severity, Subject } from './types.ts';

export interface Grade {
  readonly category: Category;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly adjustments: readonly Adjustment[];
  /** It matched, but is no sign of a crisis. */
  readonly isDiscounted: boolean;
}

/** Severity by what the phrase says and by how it is said. */
export function gradeMatch(match: Match<Tag>, group: PhraseGroup, scene: Scene): Grade {
  const subject = subjectOf(match, group, scene);
  const base = { category: group.category, severity: group.severity, subject };
  const isPutOff = isOnlyPutOff(match, group, subject, scene);
  const reason = dismissal(match, group, subject, scene);
  if (isPutOff && (reason === undefined || reason === 'negated')) {
    return { ...base, severity: 'medium', adjustments: ['deferred'], isDiscounted: false };
  }
  if (reason !== undefined) return { ...base, adjustments: [reason], isDiscounted: true };
  if (denialOf(match, scene) === 'partial') {
    return { ...base, severity: 'low', adjustments: ['negated'], isDiscounted: false };
  }
  const time = gradeTime(match, group, subject, scene);
  const voice = gradeVoice(match, group, subject, scene);
  const story = gradeStory(match, group, subject, scene);
  const down = time.down + voice.down + story.down;
  const severity = time.severity ?? group.severity;
  return {
    category: time.category ?? group.category,
    severity: lower(severity, down),
    subject,
    adjustments: [...time.adjustments, ...voice.adjustments, ...story.adjustments],
    isDiscounted: false,
  };
}

/** Who says that they won't yet has it in mind. */
function isOnlyPutOff(
  match: Match<Tag>,
  group: PhraseGroup,
  subject: Subject,
  scene: Scene,
): boolean {
  if (group.kind !== 'act' || subject !== 'first') return false;
  return denialOf(match, scene) !== 'none' && isDeferred(match, scene);
}

function dismissal(
  match: Match<Tag>,
  group: PhraseGroup,
  subject: Subject,
  scene: Scene,
): Adjustment | undefined {
  if (isIdiomatic(match, group, scene)) return 'idiom';
  if (denialOf(match, scene) === 'full') return 'negated';
  return storyOf(match, group, subject, scene) === 'told' ? 'fiction' : undefined;
}

function isIdiomatic(match: Match<Tag>, group: PhraseGroup, scene: Scene): boolean {
  const idioms = new Set(match.tokens.flatMap((at) => scene.idiomsAt.get(at) ?? []));
  const isOutright = group.isExplicit && group.category === 'suicidal_ideation';
  return [...idioms].some((idiom) => !(isOutright && passesOver(idiom, match, scene)));
}

/** "In the lecture I keep thinking of suicide": the idiom leaves out a word of what is said of oneself. */
function passesOver(idiom: Match<Tag>, match: Match<Tag>, scene: Scene): boolean {
  const [first = 0, last = first] = [idiom.tokens[0], idiom.tokens.at(-1)];
  const isLeftOut = (at: number): boolean =>
    at > first &&
    at < last &&
    !idiom.tokens.includes(at) &&
    !means(scene.tokens[at], scene.lexicon.fillers);
  return match.tokens.some(isLeftOut) && isSaidOfOneself(match, scene);
}

interface Shift {
  readonly down: number;
  readonly adjustments: readonly Adjustment[];
  readonly severity?: Severity;
  readonly category?: Category;
}

/** About to happen, just happened, happened, happened long ago. */
function gradeTime(match: Match<Tag>, group: PhraseGroup, subject: Subject, scene: Scene): Shift {
  const isHabit = isHabitOfThePast(match, scene);
  const isTimed = group.kind === 'attempt' && has(match, 'longAgo', scene);
  const isOver = isHabit || isTimed || isPast(match, scene);
  const isOpen = has(match, 'continuing', scene);
  if (has(match, 'recent', scene) && group.kind === 'attempt') {
    return { down: 0, adjustments: ['recent'], severity: 'critical' };
  }
  if (isOver && !isOpen) return gradePast(match, group, isHabit, scene);
  const isMeant = isIntended(match, scene) || has(match, 'soon', scene);
  if (group.kind !== 'act' || !isMeant || subject === 'second') return { down: 0, adjustments: [] };
  const category = group.category === 'suicidal_ideation' ? 'plan_or_means' : group.category;
  return { down: 0, adjustments: ['intent'], severity: 'critical', category };
}

const TOLD_IN_THE_PAST = new Set<Category>(['overdose_medical', 'immediate_danger']);

function gradePast(match: Match<Tag>, group: PhraseGroup, isHabit: boolean, scene: Scene): Shift {
  if (isHabit || has(match, 'longAgo', scene)) {
    const isDeed = group.kind === 'attempt' || TOLD_IN_THE_PAST.has(group.category);
    return { down: isDeed ? 1 : 2, adjustments: ['long_ago'] };
  }
  // What somebody got hold of is still there.
  const isTold =
    group.kind === 'attempt' || group.kind === 'means' || TOLD_IN_THE_PAST.has(group.category);
  if (isTold || has(match, 'recent', scene)) return { down: 0, adjustments: [] };
  return { down: 1, adjustments: ['past'] };
}

/** Danger to life is as grave whoever it strikes. */
const GRAVE_FOR_ANYBODY = new Set<Category>(['overdose_medical', 'immediate_danger']);

function gradeVoice(match: Match<Tag>, group: PhraseGroup, subject: Subject, scene: Scene): Shift {
  if (group.subject !== undefined || GRAVE_FOR_ANYBODY.has(group.category)) {
    return { down: 0, adjustments: [] };
  }
  if (subject === 'second') return { down: 2, adjustments: ['second_person'] };
  if (subject === 'third') return { down: 1, adjustments: ['third_person'] };
  if (voiceOf(match, scene) === 'quoted_third') return { down: 1, adjustments: ['reported'] };
  return { down: 0, adjustments: [] };
}

function gradeStory(match: Match<Tag>, group: PhraseGroup, subject: Subject, scene: Scene): Shift {
  const isOwn = storyOf(match, group, subject, scene) === 'own';
  return isOwn ? { down: 1, adjustments: ['fiction'] } : { down: 0, adjustments: [] };
}

function lower(severity: Severity, steps: number): Severity {
  return SEVERITIES[Math.max(0, SEVERITIES.indexOf(severity) - steps)] ?? 'low';
}
