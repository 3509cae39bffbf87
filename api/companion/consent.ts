import { TEXTS } from './texts.ts';

/** A plain answer is short; whoever writes more tells something. */
const LONGEST_ANSWER = 80;

const REFUSES =
  /\b(?:no|nope|nah|not|never|nothing|dont|do not|wont|rather not|without|private|secret|confidential|between us)\b/;

const YES = 'yes|yeah|yep|yup|sure|ok|okay|go ahead|of course|please do|you may|i agree|i consent';
const SUMMARY = '(?:it|that|this|(?:a |the )?(?:short )?summary)';
const WISH = `(?:and )?(?:please )?(?:share(?: ${SUMMARY})?|give them ${SUMMARY})(?: with them)?`;
const CLOSE = 'please|do|thats (?:fine|ok|okay)';

/** An assent and nothing else: any further word may take back what it seems to give. */
const AGREES = new RegExp(`^(?:${YES})(?: (?:${YES}))*(?: ${WISH})?(?: (?:${CLOSE}))*$`);
/** "Ok, thanks" only takes note. */
const AGREES_THANKFULLY = /^yes(?: please)? (?:thanks|thank you)$/;
/** The wish itself, in so many words. */
const WISHES = new RegExp(`^${WISH}(?: please)?$`);
const AGREEMENTS = [AGREES, AGREES_THANKFULLY, WISHES];

/**
 * Whether somebody agrees that a summary is passed on; null for words that say neither. What they
 * confided goes to others on the strength of it, so that only a whole answer is a yes, and doubt is
 * none.
 */
export function readConsent(words: string): boolean | null {
  if (words.length > LONGEST_ANSWER) return null;
  const said = plain(words);
  if (said === plain(TEXTS.yesShare)) return true;
  if (said === plain(TEXTS.noShare) || REFUSES.test(said)) return false;
  return AGREEMENTS.some((agrees) => agrees.test(said)) ? true : null;
}

/**
 * Small letters, without apostrophes of whatever make, one blank between words. Only marks that say
 * nothing are taken for blanks: a question or a sign of dislike stays in the way of a yes.
 */
function plain(words: string): string {
  return words
    .replaceAll(/['’‘ʼ‛′´`＇]/gu, '')
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s.,!;]+/gu, ' ')
    .trim();
}
