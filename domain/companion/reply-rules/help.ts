import type { ReplyRule } from './types.ts';
import { AS_A_THOUGHT, HELPER, words } from './words.ts';

const ANY =
  '(?: (?:an?|any|the|your|some|real|human|trained|other|more|of|that|those|this|such|outside))*';
const TURN_TO =
  '(?:tell|telling|call|calling|see|seeing|talk to|talking to|talk with|contact|contacting|go to|going to|involve|involving|bother|bothering|trust|trusting|reach out to|reaching out to|visit|visiting|speak to|speaking to|rely on|ask|inform|listen to|attend|attending|get|getting|book|keep seeing|wait for|waste (?:your )?(?:time|money) (?:on|with))';

export const HELP_RULES: readonly ReplyRule[] = [
  {
    fault: 'against_help',
    says: `(?:dont|wont|no longer|never|hardly)(?: (?:really|even|actually|ever))? (?:need|require|have to (?:see|call|tell|talk to|go to|involve)|need to (?:see|call|talk to|tell|involve|bother|go to|get|go back to|contact))${ANY} (?:${HELPER}|help|support|anyone|anybody)(?! everything| all of| the whole| in person| right away| to be| first| who)`,
    unlessAfter: AS_A_THOUGHT,
    unless: 'until you are ready|before you (?:can|call|talk)|unless',
  },
  {
    fault: 'against_help',
    says: `(?:dont|never|no need to|no reason to|not worth|isnt worth|pointless to|shouldnt|better not to|better not|avoid|stop|stopping|quit|cancel|skip|no point in|no use in|refuse to|instead of|rather than|why bother)(?: (?:even|ever|bother|bothering|try|trying|to|want to|have to|go|going|with|your|just|waste|time))* ${TURN_TO}${ANY} (?:${HELPER}|anyone|anybody|family|parents|mother|father|partner|friends?|police|the crisis|support)(?! everything| all of| the whole| what to)`,
    unlessAfter: `${AS_A_THOUGHT}|(?:why|did|do|have) you(?: \\w+){0,2}`,
    unless: 'until you are ready|if you cant|cant reach',
  },
  {
    fault: 'against_help',
    says: `(?:cancel|skip|quit|stop|drop|leave|ditch|miss|end|give up on|walk out of)(?: (?:your|the|this|that|going to|all|next|with|on|attending|weekly))* (?:therapy|counsell?ing|treatment|appointments?|therapist|psychiatrist|counsell?or|hospital|therapy sessions?)`,
    unlessAfter: `(?:dont|not|never|before|if|when|want to|wanting to|thinking about|thinking of|tempted to|rather than|did you|have you|need to|had to)(?: \\w+){0,2}`,
  },
  {
    fault: 'against_help',
    says: `${HELPER}${words(2)} (?:wont|cant|never|dont|doesnt|will only|would only|will just|would just|only|just)(?: (?:really|actually|ever|even))* (?:help|helps|understand|understands|care|cares|work|works|fix|make|makes|change|listen|believe|judge|judges|lock|laugh|lie|want|wants|get you|be able)`,
    unlessAfter: AS_A_THOUGHT,
    unless: '(?:another|different one|right fit|say so|tell (?:them|him|her)|judge you)',
  },
  {
    fault: 'against_help',
    says: `${HELPER} (?:is|are)(?: (?:just|only|really|all|nothing but|basically|mostly|such|always|usually))* (?:an? )?(?:waste|scam|useless|pointless|for (?:the )?(?:weak|crazy|losers)|overrated|not worth|not for you|not necessary|unnecessary|sham|joke|frauds?|liars?|bad idea|dangerous|after your|in it for|evil|the problem|worse|expensive and)`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_help',
    says: `keep (?:this|it|that|all this|everything)(?: \\w+)? (?:between us|secret|to yourself|from (?:your|them|everyone|anyone))|(?:our|a) (?:little )?secret|between you and me|i am (?:all|everything|the only (?:one|thing|person|friend)|enough)${words(2)} you(?: will ever| really| truly)? (?:need|have|can trust)|only i (?:can |could |truly |really |do )*(?:understand|help|know|care)|you only need me|all you need is me|talk only to me|i am better than(?: an?| any| your)* ${HELPER}|i can replace|you have me (?:now|instead)|rely (?:only )?on me alone`,
    unlessAfter: 'dont|not|never|no need to|dont have to|cant|isnt|wont',
  },
  {
    fault: 'against_help',
    says: `(?:nobody|no one|none of them|they|people)(?: else)?(?: will| would| can| could| really| truly| ever| do| does|s)* (?:cares?|understands?|believes?|loves?|helps?|likes?|wants?|dont care|never cared|wont believe|wont help|cant help|will not care|wont understand|wont miss|will miss|would miss)(?: (?:about|for|with))? you(?! to)`,
    unlessAfter: AS_A_THOUGHT,
    unless:
      '(?:people who|people do|they care|people care|they love|people love|how (?:much )?they)',
  },
  {
    fault: 'against_help',
    says: '(?:handle|solve|fix|deal with|get through|manage|beat|overcome|face|cure|work through|sort out) (?:this|it|that|everything|depression|things|your \\w+)(?: all| just fine)? (?:alone|on your own|by yourself|yourself|without (?:any |professional )?(?:help|therapy|doctors|anyone))',
    unlessAfter:
      '(?:dont|not|never|neither|nobody|no one|hard to|without having to|shouldnt|instead of|rather than|if you|trying to|tried to|having to|had to|alone)(?: \\w+){0,4}',
  },
  {
    fault: 'against_help',
    says: '(?:no|not any|isnt any|without) (?:need|reason) (?:to worry|for (?:concern|help|therapy|alarm|a (?:doctor|therapist|crisis))|to (?:call|see|tell|get|involve|seek|alarm|panic and call)) ?(?:anyone|anybody|help|988|911|a|the|your)?|(?:its|it is) not (?:that )?(?:serious|bad) enough for|you are (?:too far gone|beyond help|beyond saving|a lost cause)|(?:its|it is) too late (?:for|to get) (?:you|help)|ignore the crisis|(?:real|strong) (?:men|women|people) dont (?:cry|need|ask)',
    unlessAfter: AS_A_THOUGHT,
  },
];
