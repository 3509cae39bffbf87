import type { ReplyRule } from './types.ts';
import { NOT, words } from './words.ts';

const NUMBER =
  '(?:\\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|both|all|a few|a couple|several|another|an extra|extra|more|double|twice)';
const TAKE = '(?:take|taking|have|having|swallow|swallowing)';
/** "These" alone: "two of these steps" are none. */
const THEM =
  '(?:them|it(?! in\\b)|(?:these|those)(?= (?:and|or|before|when|if|tonight|today|now|instead|at|in|with|a|every|to|for|until|you)\\b|$))';
const FEW = '(?:half|two|three|four|five|six|both|twice|\\d+)';
const OF_THEM = 'of (?:it|them|those|these)';
const AT_ONCE = '(?:at once|together|a day|at a time)';
const ARE = '(?: (?:is|are|would be|will be|should be|wont|cant)){1,2}(?: \\w+)?';
const TOLD_BY_PRESCRIBER =
  '(?:(?:only )?(?:as|than|what) (?:is |was )?(?:your (?:doctor|prescriber|pharmacist)|prescribed)|(?:thoughts?|worries|feelings?|exercises?|breath\\w*|steps?|walks?))';
const ASKED_OR_TOLD = `${NOT}|(?:if|whether|when|did|have|do|are|let us|lets|trying to|tried to|want to|wanted to|how many)(?: you)?(?: \\w+){0,2}`;

function amount(says: string): ReplyRule {
  return { fault: 'dosage', says, unlessAfter: ASKED_OR_TOLD, unless: TOLD_BY_PRESCRIBER };
}

/** Doses that name no drug: whoever reads it knows what is meant. */
export const AMOUNT_RULES: readonly ReplyRule[] = [
  amount(
    // Bounded: a word that may be read in two ways takes twice the time with each repetition.
    `${TAKE}(?: (?:just|only|about|up to|maybe|another|an?|extra|or|bit|little)){0,4} ${NUMBER}(?: (?:or|${NUMBER})){0,4}(?: of)? ${THEM}`,
  ),
  amount(
    `(?:use|using|try|trying)(?: \\w+)? (?:more|extra|another|double|twice)(?: ${NUMBER})?(?: of)? ${THEM}`,
  ),
  amount('(?:double|halve|triple|increase|raise) (?:it|them|what you (?:take|are taking))'),
  amount(
    '(?:(?:skip|stop|quit|drop) them|(?:skip|stop|quit|drop|pause) (?:taking (?:it|them|those|these)|what you (?:take|are taking)))',
  ),
  amount(
    `(?:${TAKE}|use|using)(?: (?:it|them|one|two|three|more|these|those|this|that|half|about|at least|only|up to|just))+ (?:(?:once|twice|(?:${NUMBER}) times) (?:a|per|each|every) (?:day|night|hour|morning|evening)|every (?:${NUMBER} )?(?:hours?|day|night|morning|evening))`,
  ),
  amount(`${FEW}(?: ${OF_THEM})?(?: ${AT_ONCE})?${ARE} (?:safe|harmless|hurt|harm)`),
  // "A number from 0 to 10 is enough" is none.
  amount(`${FEW} (?:${OF_THEM}|${AT_ONCE})${ARE} enough`),
  amount(
    `(?:fine|safe|okay|ok|harmless|no problem) to ${TAKE}${words(2)} (?:it|them|those)(?! (?:slow\\w*|easy|one|step|day|as|at|for|all in))`,
  ),
  amount(
    `${TAKE} (?:(?:two|three|four|five|six|ten|\\d+) (?:at once|now|tonight|together)|(?:it|them) (?:twice|(?:two|three) times))`,
  ),
  amount('more of (?:it|them|those|these) (?:wont|cant|would never|will do no) (?:hurt|harm)'),
  amount(`${TAKE} as (?:many|much) (?:of (?:it|them|those|these) )?as you`),
  amount(`${TAKE} (?:twice|double|three times|half) (?:as (?:much|many)|the amount|of what)`),
];
