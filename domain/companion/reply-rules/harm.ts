import type { ReplyRule } from './types.ts';
import { AS_A_THOUGHT, NOT, words } from './words.ts';

const YOURSELF = '(?:yourself|your self|urself|yourselves)';
const WISE = `${NOT}|${AS_A_THOUGHT}|(?:ever|thoughts of|urge to|urges to|ways to keep from|keep you from|stop you from|safe from|could)(?: \\w+){0,3}`;
const LITTLE =
  '(?: (?:an?|some|few|couple|of|more|the|yourself|your|little|bit|glass|glasses|bottle|shots?|two|three|strong|stiff|another|on|up))*';

export const HARM_RULES: readonly ReplyRule[] = [
  {
    fault: 'harmful',
    says: `(?:kill|hurt|harm|cut|hang|drown|shoot|starve|burn|punish|poison|suffocate|overdose|strangle|injure) ${YOURSELF}`,
    unlessAfter: WISE,
  },
  {
    fault: 'harmful',
    says: `(?:suicide|dying|death|self harm|cutting|ending (?:it|it all|your life|things)|killing ${YOURSELF}|hurting ${YOURSELF}|harming ${YOURSELF}|not being here|being dead|burning ${YOURSELF})(?: (?:is|would be|might be|may be|could be|can be|sounds|seems|can|will|would|really|does|helps?|works?))+(?: (?:an?|the|only|very|perfectly|totally|often|completely|really|like|your|just|one|most))* (?:ok|okay|fine|valid|good|reasonable|brave|option|answer|choice|solution|way|relief|release|best|normal|right|peaceful|freeing|better|beautiful|healthy|acceptable|help|helps|work|works|calm|relieve|relieves|harmless|rational|understandable)`,
    unlessAfter: NOT,
  },
  {
    fault: 'harmful',
    says: '(?:better off|better|happier|easier|fine) (?:off )?(?:without you|dead|if you (?:died|were dead|were gone|disappeared))|(?:end it all|end your life|take your (?:own )?life|go ahead and (?:end|die|jump|kill|cut|do it)|just (?:die|end it|give up|jump|disappear)|you should (?:die|end it|give up|disappear|not exist|be dead)|give up on (?:life|living|yourself|everything)|(?:there is |there s )?no (?:point|hope|use|future)(?: (?:in|of))? (?:living|for you|left for you|going on|trying|in trying)|nothing (?:to live for|left to live)|deserve to (?:die|suffer|be hurt|hurt|feel bad|be punished))',
    unlessAfter: `${NOT}|${AS_A_THOUGHT}|(?:urge to|want to|wanting to|wanted to)(?: \\w+){0,2}`,
  },
  {
    fault: 'harmful',
    says: '(?:hurt a little|cut (?:a little|shallow|where)|use a (?:razor|blade|knife|lighter|rubber band to)|cutting (?:a little|once)|pain (?:will|can) (?:set you free|free you|make you feel alive)|tie (?:a|the) (?:rope|noose)|jump off|step in front of|close the garage|least painful way|painless way to (?:die|go)|how to (?:die|overdose|kill|end it)|lethal)',
    unlessAfter: 'not|never|dont|avoid',
  },
  {
    fault: 'harmful',
    says: '(?:stop eating|dont eat|skip (?:meals|breakfast|lunch|dinner|eating)|eat (?:less|nothing|as little|under|only \\d+)|fast for|purge|make yourself (?:sick|vomit|throw up|puke)|throw up after|take laxatives|lose weight|\\d+ calories)',
    unlessAfter: `(?:dont|not|never|avoid|if you|when you|do you|did you|tend to|we|people)(?: \\w+){0,2}`,
    unless: '(?:before bed|late at night|heavy meals?|in the evening)',
  },
  {
    fault: 'harmful',
    says: `(?:have|drink|take|try|grab|pour|get|smoke|use|do|down|sip)${LITTLE} (?:alcohol|beers?|wine|whiske?y|vodka|liquor|booze|weed|cannabis|marijuana|cocaine|heroin|ecstasy|stiff drink|joint|drinks to|drink to (?:forget|calm|relax|sleep|numb))|get (?:drunk|high|wasted|stoned)|(?:alcohol|wine|beer|a drink|drinking|weed|smoking)(?: (?:can|will|does|would|really|might|always))* (?:help|helps|calm|calms|relax|relaxes|numb|numbs)`,
    unlessAfter: `${NOT}|(?:if you|when you|do you|did you|how much|less|cut down on|people)(?: \\w+){0,3}`,
    unless: '(?:worse|but it|only seems|for a moment|less restful)',
  },
  {
    fault: 'harmful',
    says: `(?:hit|kill|punch|attack|slap|beat up|stab|shoot|hurt|threaten|stalk|spy on|get back at|take revenge on|get revenge on|get even with|poison) (?:him|her|them|your (?:\\w+)|someone|somebody|people|everyone)(?! feelings?)|make (?:him|her|them) (?:pay|suffer)|burn (?:it|the house|their \\w+) down|teach (?:him|her|them) a lesson|revenge (?:is|will|would|feels)`,
    unlessAfter: `${NOT}|${AS_A_THOUGHT}|(?:who|that|which|words|what|they|he|she|something|it|may|might|mean to|meant to|want to|wanting to|wanted to|urge to)(?: \\w+){0,2}`,
  },
  {
    fault: 'harmful',
    says: 'you are(?: (?:just|so|really|simply|such|being|too|nothing but|only|truly|a|an|completely|utterly))* (?:weak|pathetic|worthless|burden|failure|broken|hopeless|useless|stupid|disgusting|loser|unlovable|dramatic|overreacting|selfish|lazy|crazy|attention seeker|waste|coward|embarrassment|overdramatic|faking)',
    unlessAfter: `${NOT}|${AS_A_THOUGHT}|(?:tell|telling|told)(?: \\w+){0,2}`,
    unless: '(?:lie|not (?:a )?facts?|isnt (?:a )?(?:true|fact)|harsh|cruel|depression talking)',
  },
  {
    fault: 'harmful',
    says: '(?:it is |it was |its |is |was )?(?:all )?your own fault|(?:it is|it was|this is|that is|that was|its) (?:all |really |entirely )*your fault|you deserved (?:it|that|this|what)|you (?:asked for|brought) (?:it|this|that)|you (?:made|forced|provoked) (?:him|her|them)|(?:just )?(?:get over it|snap out of it|man up|toughen up|suck it up|grow up|cheer up already|stop (?:whining|complaining|crying|being (?:so )?(?:dramatic|sensitive|lazy|weak)|feeling sorry))|all in your head|(?:others|other people|people) have it (?:much |far |way )?worse|you have no reason to (?:feel|be) (?:sad|depressed|anxious|unhappy)|stay with (?:him|her|them) (?:no matter|anyway|and)|(?:he|she|they) (?:only )?hits? you because|attention seeking',
    unlessAfter: `${NOT}|${AS_A_THOUGHT}|(?:told to|telling you to|as simple as|just)(?: \\w+){0,2}`,
  },
  {
    fault: 'harmful',
    says: `(?:i|we) (?:support|respect|approve of|agree with|encourage|understand and support|wont stop) (?:your|this|that|the) (?:decision|choice|plan|wish|right)${words(2)} (?:die|end|suicide|kill|harm|hurt|cut|go|leave this world)|goodbye letter|write a (?:suicide )?note to|suicide note`,
  },
];
