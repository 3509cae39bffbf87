const SERVICE =
  '(?:police|ambulance|paramedics|911|112|999|emergency[ -]services?|local[ -](?:emergency |crisis )?(?:services?|cent(?:er|re)|team))';
const CALLED = '(?:contacted|notified|called|informed|dispatched|alerted)';
const CALLED_THEM = new RegExp(
  `\\b${SERVICE}(?:[ -](?:was|were|has|have|had|been))*[ -]${CALLED}\\b|\\b${CALLED} (?:the )?${SERVICE}\\b`,
  'i',
);
const NOT = /\b(?:not|never|nobody|without|refused?|declined?)\b|n['’]t\b/i;

/**
 * Whether a line of what was done says outright that services outside the clinic were called. A
 * person in trouble is told so: what is doubtful, or about somebody's relatives, says nothing.
 */
export function saysServicesWereCalled(line: string): boolean {
  return CALLED_THEM.test(line) && !NOT.test(line);
}
