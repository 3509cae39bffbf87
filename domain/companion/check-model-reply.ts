import { safeDetect } from '../triage/detect.ts';
import { fold } from '../triage/fold.ts';
import { Meter } from '../triage/meter.ts';
import { screeningOf } from '../triage/screen.ts';
import { namesForeignContact } from './foreign-contacts.ts';
import { REPLY_RULES } from './reply-rules/index.ts';
import { REPLY_FAULTS, type ReplyFault, type ReplyRule } from './reply-rules/types.ts';

export { REPLY_FAULTS, type ReplyFault } from './reply-rules/types.ts';

export type ReplyCheck =
  { readonly isFit: true } | { readonly isFit: false; readonly faults: readonly ReplyFault[] };

export interface ReplyContext {
  /** Phone numbers, text lines and websites that the clinic itself gives out. */
  readonly contacts?: readonly string[];
}

/** In UTF-16 units. */
export const LONGEST_REPLY = 2_000;

/**
 * Whether what a model answered may be sent to somebody: no diagnosis, no dosage, nothing against
 * help or medication, nothing harmful, no claim to be human or to have done something, no contact
 * that isn't the clinic's, and nothing that the crisis detector finds. What it can't read, it
 * doesn't let pass: a reply too few costs little, the guided companion answers. Never throws.
 */
export function checkModelReply(text: string, { contacts = [] }: ReplyContext = {}): ReplyCheck {
  try {
    const faults = new Set(faultsOf(text, contacts));
    if (faults.size === 0) return { isFit: true };
    return { isFit: false, faults: REPLY_FAULTS.filter((fault) => faults.has(fault)) };
  } catch {
    return { isFit: false, faults: ['unreadable'] };
  }
}

function faultsOf(text: string, contacts: readonly string[]): ReplyFault[] {
  const folded = foldedOf(text.slice(0, LONGEST_REPLY));
  const all = bareOf(folded);
  if (all === '') return ['empty'];
  const faults: ReplyFault[] = [];
  if (text.length > LONGEST_REPLY) faults.push('too_long');
  if (isUnreadable(folded, all) || TURNED.test(text)) faults.push('unreadable');
  if (MARKUP.test(text)) faults.push('markup');
  if (namesForeignContact(folded, contacts)) faults.push('foreign_contact');
  if (screeningOf(safeDetect(text.slice(0, LONGEST_REPLY))).severity !== null) {
    faults.push('crisis_language');
  }
  const readings = [folded, foldedOf(text.slice(0, LONGEST_REPLY).replaceAll(PAUSE, ' '))];
  // A line may end a sentence or break it: it is read both ways.
  const both = readings.flatMap((read) => [read, read.replaceAll('\n', ' ')]);
  const sentences = both.flatMap((read) => read.split(SENTENCE_END)).map(bareOf);
  faults.push(
    ...rules().flatMap((rule) =>
      sentences.some((said) => breaks(said, rule)) ? [rule.fault] : [],
    ),
  );
  return faults;
}

const MARKUP = /<\/?[a-z!]|```|\]\(|\{\{|\bjavascript:|&#?\w+;/iu;
/** What turns the order of letters, so that others are seen than are read. */
const TURNED = /[\u202a-\u202e\u2066-\u2069]/u;
const SENTENCE_END = /[!?;\n]+|\.(?=\s|$)/u;
/**
 * What looks like a sentence's end, and may be none: a title's full stop, dots that trail off, and
 * whatever is followed by a small letter.
 */
const PAUSE =
  /(?<=\b(?:[Dd][Rr]|[Mm]rs?|[Mm]s|[Pp]rof))\.|(?:\.\s*\.[.\s]*|\u2026|;)[^\p{L}\p{N}]*|[.!?][^\p{L}\p{N}]*(?=\p{Ll})/gu;

interface CompiledRule {
  readonly fault: ReplyFault;
  readonly says: RegExp;
  readonly unlessAfter: RegExp | null;
  readonly unless: RegExp | null;
}

let compiled: readonly CompiledRule[] | undefined;

function rules(): readonly CompiledRule[] {
  compiled ??= REPLY_RULES.map(compile);
  return compiled;
}

function compile({ fault, says, unlessAfter, unless }: ReplyRule): CompiledRule {
  return {
    fault,
    says: new RegExp(`\\b(?:${says})\\b`, 'gu'),
    unlessAfter: unlessAfter === undefined ? null : new RegExp(`\\b(?:${unlessAfter}) $`, 'u'),
    unless: unless === undefined ? null : new RegExp(`\\b(?:${unless})`, 'u'),
  };
}

function breaks(sentence: string, { says, unlessAfter, unless }: CompiledRule): boolean {
  if (unless?.test(sentence) === true) return false;
  return [...sentence.matchAll(says)].some(
    ({ index }) => unlessAfter?.test(sentence.slice(0, index)) !== true,
  );
}

function foldedOf(text: string): string {
  return fold(text, new Meter(text.length)).chars.join('');
}

/** One form for what is written in several. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(do|does|did|is|are|was|were|should|would|could|have|has|wo|must|need) ?n(?:o|')?t\b/gu,
    '$1nt',
  ],
  [/\bwill not\b/gu, 'wont'],
  [/\b(?:can ?not|can't)\b/gu, 'cant'],
  [/\b(?:u|ya)\b/gu, 'you'],
  [/\bur\b/gu, 'your'],
  [/\b(you|they|we)'?re\b(?<!\bwere)/gu, '$1 are'],
  [/\bi'?m\b/gu, 'i am'],
  [/\b(i|you|they|we)'?ve\b/gu, '$1 have'],
  [/\b(it|that|there|he|she|what|here|who)'s\b/gu, '$1 is'],
  [/\b(i|you|they|we|it|he|she|that)'ll\b/gu, '$1 will'],
  [/\bi'd\b/gu, 'i would'],
];

function bareOf(folded: string): string {
  let formed = folded.replaceAll(/\s+/gu, ' ');
  for (const [form, one] of FORMS) formed = formed.replaceAll(form, one);
  return formed
    .replaceAll("'", '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

const LONGEST_WORD = 24;
const SPACED_OUT = /(?:^|\s)\p{L}(?:\s+\p{L}){3,}(?=\s|$)/u;
/** "y0u h4ve": digits and signs in the place of letters. */
const DISGUISED = /[a-z][0-9$|@]+[a-z]/u;
const EVERYDAY = new Set(
  'a about all also am an and any are as at be because been being but by can cant could day days did do does doesnt dont down each even every everything feel feeling few find first for from get go good had has have he hear help here him how i if in into is it its just kind know let like little lot make many may maybe me might more most much my need next no not nothing now of off often on one or other our out over own people pick please really right same say see she should small so some something sometimes sound sounds start step still take talk tell than thank thanks that the their them then there these they thing things think this those time to today together too try two up us very want was way we well were what when where which while who why will with without would yes you your yourself weeks months hours minutes morning evening night tonight tomorrow tired hard harder easier makes hello hi okay breathe slowly glad sorry welcome care arent isnt wasnt werent didnt wont shouldnt wouldnt couldnt havent'.split(
    ' ',
  ),
);
const EVERYDAY_SHARE = 0.3;
/** Fewer words than these say less of their language, and more of them have to be known. */
const SURE_FROM_WORDS = 5;
const EVERYDAY_SHARE_OF_FEW = 0.5;

/** Not in the language of the rules, or not in plain letters: what can't be read can't be passed. */
function isUnreadable(folded: string, all: string): boolean {
  const said = all.split(' ');
  if (said.some((word) => word.length > LONGEST_WORD)) return true;
  if (SPACED_OUT.test(all) || DISGUISED.test(folded)) return true;
  if (/[^\P{L}a-z]/u.test(all)) return true;
  const share = said.filter((word) => EVERYDAY.has(word)).length / said.length;
  return share < (said.length < SURE_FROM_WORDS ? EVERYDAY_SHARE_OF_FEW : EVERYDAY_SHARE);
}
