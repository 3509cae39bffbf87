import type { ReplyRule } from './types.ts';
import { DISORDER, words } from './words.ts';

const SURELY =
  '(?:(?:clearly|definitely|probably|likely|most|very|obviously|certainly|surely|seem|appear|to|must|might|may|could|do|really|almost|just|simply|also|indeed|actually|are|be) )*';
const KIND =
  '(?:(?:an?|the|some|classic|clear|kind|sort|of|form|case|type|textbook|typical|what we call|called|signs?|symptoms?|all|from|with) )*';
/** "If you have depression" and "you told me that you have depression" say nothing new of anybody. */
const NOT_SAID =
  '(?:if|whether|when|whenever|do|does|did|unless|while|because|people|say|says|said|told me|mention|mentioned|shared|wrote|assume|mean|means|meaning|suggesting|imply|implying|once|until|as though|fear|worry|worried|afraid|wonder|wondering)(?: or not| that| maybe| me)*';

export const DIAGNOSIS: readonly ReplyRule[] = [
  {
    fault: 'diagnosis',
    says: `you ${SURELY}(?:have got|have|having|got|suffer|suffering|experiencing|dealing with|living with|developing|meet|show|showing|fit|exhibit|exhibiting|display) (?:(?:all|the|criteria|profile|pattern|for) )*${KIND}(?:anxiety(?= *$)|${DISORDER})`,
    unlessAfter: NOT_SAID,
    unless: 'been diagnosed|were diagnosed|you (?:told|mentioned|said|shared|wrote)',
  },
  {
    fault: 'diagnosis',
    says: `you are ${SURELY}(?:(?:an?|so|clinically|severely|the|totally|completely|mentally) )*(?:bipolar|schizophrenic|depressed|depressive|psychotic|autistic|borderline|narcissis\\w+|manic|hypomanic|anorexic|bulimic|alcoholic|addict|mentally ill|ill|insane|delusional|paranoid|sociopath\\w*|psychopath\\w*|neurotic|hysterical)`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `(?:this|that|it|these|those|symptoms|what you (?:describe|are describing|have described|feel|are going through)|your (?:mood swings|mood|behaviou?r|thoughts|worries|feelings|description|story|answers)) ${SURELY}(?:is|are|sounds?|looks?|seems?|feels?|indicates?|suggests?|points?|means?|confirms?|shows?|matche?s?|fits?|be|called)(?: (?:very|much|a lot|exactly|to me|like|to|that|you|have|consistent|quite|pretty|clearly|likely|probably|definitely))* ${KIND}${DISORDER}`,
    unless:
      '(?:not sure|cant say|cant tell|cant know|only a (?:doctor|clinician|professional)|many things|if )',
  },
  {
    fault: 'diagnosis',
    says: `my diagnosis|i (?:can |would |will |hereby |do )*diagnose you|(?:the|your) diagnosis(?: here)? (?:is|would be|must be)|i am diagnosing|consistent with ${KIND}${DISORDER}|(?:tell|tells|convinced|think|believe|say|conclude|sure|certain|clear|obvious) (?:me )?(?:that )?(?:this|it|that) is ${KIND}${DISORDER}|diagnosis of ${DISORDER} (?:is|seems|fits|applies)`,
    unless: '(?:ask|only|from) (?:your|a) (?:doctor|clinician|professional|psychiatrist)|if ',
  },
  {
    fault: 'diagnosis',
    says: `you are ${SURELY}(?:having|in|experiencing|going through)(?: the middle of)? (?:an? )?(?:manic|hypomanic|psychotic|depressive|nervous|schizophrenic|mental|dissociative) (?:episode|breakdown|break|phase|state|psychosis)`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `(?:classic|clear|typical|textbook|obvious|telltale|all the) (?:signs?|symptoms?|case|example|picture|presentation)${words(1)} of ${KIND}${DISORDER}|you (?:were|got) born with ${KIND}${DISORDER}|a ${DISORDER} (?:patient|sufferer) like you|your brain is (?:broken|damaged|chemically \\w+)`,
  },
  {
    fault: 'diagnosis',
    says: `${DISORDER} is(?: (?:exactly|just|precisely|really|surely|probably|clearly))* what you (?:have|feel|describe|suffer|are (?:describing|feeling|having|going through|dealing with|living with|suffering))`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `(?:what|all) you (?:have|suffer from) (?:is|are) ${SURELY}${KIND}${DISORDER}`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `(?:has a name|is a (?:word|name|term)|call (?:it|this|that|what you(?: are)? \\w+))(?: (?:for|is|of|this|that|it|what|you|have|feel|are|going through|describe|probably|likely|and|to say))* ${KIND}${DISORDER}`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `${DISORDER} (?:would |does |surely |really |clearly )*explains? (?:all|this|it|that|everything|what|why|how|your)`,
    unlessAfter: NOT_SAID,
  },
  {
    fault: 'diagnosis',
    says: `your case is(?: one of)? ${KIND}${DISORDER}|welcome to (?:life|living|the world) (?:with|of) ${DISORDER}|your (?:hidden|undiagnosed|untreated) ${DISORDER}|your ${DISORDER} (?:was|has been|went|is) (?:never|not yet|long) (?:found|seen|noticed|recogni[sz]ed|diagnosed)`,
  },
  {
    fault: 'diagnosis',
    says: `(?:feels?|sounds?|talks?|acts?|thinks?|sleeps?|lives?) like (?:this|that|you)(?: do)?(?: (?:must|usually|always|most likely|probably))* (?:has|have|suffers? from|is) ${KIND}${DISORDER}`,
    unlessAfter: NOT_SAID,
  },
];
