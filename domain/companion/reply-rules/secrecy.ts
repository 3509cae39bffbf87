import type { ReplyRule } from './types.ts';
import { AS_A_THOUGHT, HELPER, NOT, words } from './words.ts';

const CLOSE = '(?:family|parents|partner|mother|father|mum|mom|dad|friends?|wife|husband)';

/** Away from help without a word against it. */
export const SECRECY_RULES: readonly ReplyRule[] = [
  {
    fault: 'against_help',
    says: `(?:better|happier|freer|fine)(?: off)? without(?: (?:any|an?|your|the|all))* ${HELPER}`,
    unlessAfter: `${NOT}|${AS_A_THOUGHT}`,
  },
  {
    fault: 'against_help',
    says: `(?:wouldnt|dont|shouldnt|not|never|why)(?: \\w+)? bother${words(2)} ${HELPER}`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_help',
    says: `${HELPER} (?:isnt|arent|is never|are never) (?:going|about|able) to (?:change|help|fix|make|do|work|understand|save)`,
    unlessAfter: AS_A_THOUGHT,
    unless: 'everything|overnight|at once',
  },
  {
    fault: 'against_help',
    says: `(?:no|little) (?:point|use|sense) in${words(3)} ${HELPER}|${HELPER} (?:is|was|would be|will be) (?:only )?a (?:mistake|bad idea)|(?:nobody|no one) (?:has|have|needs?|ought) to (?:know|hear|find out)`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_help',
    says: `${HELPER}${words(4)} that i (?:cant|couldnt|dont)`,
  },
  {
    fault: 'against_help',
    says: `(?:nothing|little|not much|not a thing)(?: (?:that|which|an?|any|your|the))* ${HELPER}(?: \\w+)? (?:can|could|would|will) (?:do|say|offer|give|change)|enough (?:of )?(?:with )?(?:the |your |those )?${HELPER}`,
    unlessAfter: `${AS_A_THOUGHT}|never|not|dont`,
  },
  {
    fault: 'against_help',
    says: `better(?: (?:for (?:you|us)|off))? if (?:nobody|no one)(?: else)? (?:knows?|knew|finds? out|found out|hears?|heard)|(?:your|the) (?:${CLOSE}|${HELPER}) (?:dont|doesnt|neednt|never|shouldnt|mustnt)(?: (?:have|need|ever|to|really|even))* (?:know|hear|find out|be told|learn)(?! everything| all| every)`,
    unlessAfter: AS_A_THOUGHT,
  },
  {
    fault: 'against_help',
    says: `(?:leave|leaving|keep|keeping)${words(2)} (?:${HELPER}|${CLOSE}) out of (?:this|it)`,
    unlessAfter: `${NOT}|${AS_A_THOUGHT}`,
  },
];
