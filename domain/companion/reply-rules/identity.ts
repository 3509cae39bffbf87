import type { ReplyRule } from './types.ts';
import { HELPER, words } from './words.ts';

const PERSON =
  '(?:human(?: being)?|person|therapist|psychologist|psychiatrist|doctor|counsell?or|nurse|social worker|clinician|professional|physician|man|woman|mother|father|survivor|psychotherapist|crisis worker|medical expert|peer supporter)';
const A =
  '(?: (?:really|actually|indeed|just|also|your|an?|the|real|human|licensed|trained|qualified|certified|experienced|fellow|clinical|board|mental|health|personal|own|new|very|much|registered|living|breathing))*';

export const IDENTITY_RULES: readonly ReplyRule[] = [
  {
    fault: 'claims_human',
    says: `i am${A} ${PERSON}`,
    unlessAfter: '(?:if|whether|think|pretend|not|that)',
  },
  { fault: 'claims_human', says: `(?:as|being|speaking as)${A} ${PERSON} (?:i|my|myself)` },
  {
    fault: 'claims_human',
    says: 'i have (?:been (?:there|through (?:it|this|that|the same)|depressed|anxious|in your shoes)|felt|struggled|gone through|had (?:depression|anxiety|panic attacks|the same)|suffered|treated|helped (?:hundreds|thousands|many) of)|when i was (?:your age|a child|young|a kid|in school|depressed|a teenager|in college|in therapy)|my (?:own )?(?:wife|husband|kids|children|childhood|mother|father|mom|dad|sister|brother|girlfriend|boyfriend|patients|clients|practice|office|private practice|medical training|therapist|degree|phd)|in my (?:\\w+ )?(?:years|decades|experience|career) (?:as|of|with|treating)|i (?:trained|studied|graduated|practi[sc]e) (?:as|at|in|medicine|psychology)|i went through',
    unlessAfter:
      '(?:say|write|tell yourself|sentence|like|thought|words|such as|example)(?: \\w+){0,2}',
  },
  {
    fault: 'claims_human',
    says: 'i am not(?: an?| just an?| some)*(?: \\w+)? (?:ai|bot|robot|machine|computer|program(?:me)?|chatbot|language model|algorithm|software)|(?:there is |you are (?:talking|speaking|chatting) (?:to|with) )?(?:an? )?real (?:human|person|therapist) (?:here|typing|behind|on the other)|you are (?:talking|speaking|chatting) (?:to|with)(?: an?)? (?:real |actual |live |licensed )?(?:human|person|therapist|counsell?or|doctor|psychologist)|i (?:know|understand) exactly how (?:you|that|this|it) feels?|this is (?:dr|doctor)|my name is (?:dr|doctor)|i am (?:dr|doctor)',
    unlessAfter: 'would you like|not|like|if|when|wish|once|until',
    unless: 'if you would like|soon|can be arranged',
  },
  {
    fault: 'claims_action',
    says: `i (?:have|will|am|just|can|already)(?: (?:just|already|now|going to|also|be|to))* (?:called|calling|call|alert\\w*|notif\\w*|contact\\w*|inform\\w*|paged?|paging|dispatch\\w*|sent|sending|report\\w*|booked|booking|cancel\\w*|clos\\w+|resolv\\w+|dismiss\\w*|withdr[ae]w\\w*|removed?|deleted?)(?: (?:for|you|up|off|out))*${words(3)} (?:police|ambulance|911|988|emergency|crisis|${HELPER}|family|parents|team|alerts?|page|pages|appointment|session|report|warning|flag|employer|school)`,
    unlessAfter: 'cant|not|never',
    unless: 'i cant|i am not able',
  },
  {
    fault: 'claims_action',
    says: `(?:the|your|this|that|any) (?:alert|page|alarm|warning|crisis)(?: \\w+)? (?:(?:has|have|was|is|will|can)(?: been| be| now)* (?:cancel\\w*|closed|resolved|dismissed|withdrawn|removed|ignored|deleted|false|a mistake|over|nothing)|(?:was|is) (?:only |just )?(?:an? )?(?:error|mistake|false alarm|test|automatic and))|you can (?:ignore|disregard|forget) (?:the|those|that) (?:crisis|alert|numbers|message|warning|hotline|contacts)`,
  },
];
