import type { ReplyRule } from './types.ts';
import { AS_A_THOUGHT, DRUG, HELPER, MEDICATION, NOT, words } from './words.ts';

const NUMBER =
  '(?:\\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|hundred|half|a few|a couple of|several|another|an? extra|extra|more|double|twice|some)';
const ASKING = `(?:ask|asking|talk|talking|speak|speaking|check|checking|raise|discuss|discussing|question|bring up)${words(5)} (?:doctor|prescriber|pharmacist|psychiatrist|clinician|nurse|provider|gp)`;
const YOUR =
  '(?: (?:taking|using|on|with|from|your|the|all|those|these|this|any|of|that|an?|few|some|next|own|daily|prescribed|morning|evening))*';
const UNDECIDED =
  '(?:if|whether|when|want to|wanting to|wanted to|wish to|thinking about|thinking of|thought about|tempted to|urge to|talk about|talking about|did you|have you|do you|mentioned|told me|side effects|reasons? to)(?: \\w+){0,3}';

export const MEDICATION_RULES: readonly ReplyRule[] = [
  { fault: 'dosage', says: '\\d+(?: \\d+)? ?(?:mg|mgs|mcg|milligrams?|micrograms?|iu|cc)' },
  {
    fault: 'dosage',
    says: `(?:${NUMBER}|mg) (?:hundred )?(?:milligrams?|micrograms?|mg)`,
  },
  {
    fault: 'dosage',
    says: `(?:\\d+|one|two|three|five|ten|half a) ?(?:ml|millilit(?:er|re)s?|grams?|g|drops)(?! of (?:water|tea|juice|milk|soup|food|fruit|vegetables))`,
    unless: '(?:water|tea|juice|milk|food)',
  },
  {
    fault: 'dosage',
    says: `${NUMBER}(?: (?:more|extra|of|your|the|those|these|sleeping|pain))* (?:pills?|tablets?|capsules?|doses?|painkillers|${DRUG})`,
    unlessAfter: `(?:prescribed|missed|took|taken|forgot|skipped)(?: \\w+){0,2}|${NOT}`,
  },
  {
    fault: 'dosage',
    says: `(?:higher|lower|bigger|smaller|larger|stronger|double|maximum|max|starting|lethal|safe|standard|usual|normal|recommended) (?:dose|dosage)`,
    unless: ASKING,
  },
  {
    fault: 'dosage',
    says: `(?:take|try|start|use|get|buy|order|recommend|suggest|prescribe|consider|switch|need|want|help is|works is|prescribing|recommending)${words(4)} ${DRUG}`,
    unlessAfter: NOT,
    unless: ASKING,
  },
  {
    fault: 'dosage',
    says: `${DRUG} (?:can|will|would|could|might|is|works|usually|really)${words(3)} (?:help|calm|fix|best|better|safe|good|great|effective|work|wonders|relax|sleep)`,
    unless: `${ASKING}|${NOT} ${DRUG}`,
  },
  {
    fault: 'against_medication',
    says: `(?:stop|stopping|quit|quitting|skip|skipping|throw away|throw out|get off|come off|coming off|flush|ditch|drop|cut out|give up|go off|going off|wean yourself off|taper off|reduce|lower|halve|cut|double|increase|raise|up|change|adjust|miss|pause|hide|refuse)${YOUR} (?:${MEDICATION}|dose|dosage)`,
    unlessAfter: `${NOT}|${UNDECIDED}`,
    unless: '(?:suddenly|dangerous|risky|withdrawal|safely|side effects)',
  },
  {
    fault: 'against_medication',
    says: `(?:stop|stopping|stopped|quit|quitting|skip|skipping|get off|come off|coming off|without|off)${YOUR} ${MEDICATION}${words(6)} (?:feel better|better|be fine|fine|happier|help you|improve|free|freedom|yourself again|good idea|ok|okay|safe|harmless|real you)`,
    unlessAfter: 'not|never|isnt|doubt',
    unless: '(?:suddenly|dangerous|risky|withdrawal|safely|isnt|not|talk to|ask|doctor)',
  },
  {
    fault: 'against_medication',
    says: `(?:dont|wont|no longer|never)(?: \\w+)? need(?: to take| to be on| any of)?(?: (?:your|the|any|those|these|that|all|of|more))* ${MEDICATION}`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_medication',
    says: `${MEDICATION} (?:is|are)(?: (?:just|only|really|all|nothing but|basically|pure))* (?:an? )?(?:poison\\w*|scam|useless|pointless|crutch|toxic|placebos?|unnecessary|for the weak|for weak|bad for you|waste|making you|ruining|chemicals|lie|trap|addictive)`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_medication',
    says: `${MEDICATION} (?:dont|doesnt|wont|never|cant|will only|only|just)(?: (?:really|actually|ever|even))* (?:work|works|help|helps|fix|numbs?|masks?|hides?|harms?|hurts?|poisons?|make)`,
    unlessAfter: AS_A_THOUGHT,
    unless: `(?:tell|${ASKING})`,
  },
  {
    fault: 'against_medication',
    says: `(?:fine|better off|better|ok|okay|manage|do|cope|live|get by|heal|recover|survive) without(?: (?:your|the|any|those|these|all|taking))* ${MEDICATION}`,
    unlessAfter: `${NOT}|${AS_A_THOUGHT}`,
  },
  {
    fault: 'against_medication',
    says: `(?:ignore|dont listen to|forget|disobey|defy) (?:what )?(?:your |the )?(?:doctor|psychiatrist|prescriber|therapist|counsell?or|${HELPER})`,
    unlessAfter: 'not|dont|never',
  },
];
