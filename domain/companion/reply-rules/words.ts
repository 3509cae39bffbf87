/** Up to so many words of any kind. */
export function words(most: number): string {
  return `(?: \\w+){0,${most}}`;
}

export const DISORDER =
  '(?:(?:major|clinical|severe|manic|bipolar|borderline|generali[sz]ed|social|postpartum|postnatal|complex|chronic|mild|moderate|persistent|atypical|serious|full blown|undiagnosed|untreated) )*' +
  '(?:depression|bipolar|ptsd|ocd|adhd|bpd|psychosis|mania|dementia|borderline|alcoholism|anorexia|bulimia|dysthymia|agoraphobia|hypomania|cyclothymia|an addiction|mental illness|social phobia|' +
  'depressive \\w+|post ?traumatic stress\\w*|obsessive compulsive\\w*|schizo\\w*|psychotic \\w+|autis\\w*|narcissis\\w*|dissociative \\w+|\\w+ (?:personality )?disorder|disorder)';

/** What is nobody's to recommend but a prescriber's. */
export const DRUG =
  '(?:sertraline|fluoxetine|prozac|zoloft|lexapro|escitalopram|citalopram|paroxetine|xanax|alprazolam|valium|diazepam|lorazepam|ativan|clonazepam|klonopin|lithium|quetiapine|seroquel|olanzapine|risperidone|aripiprazole|abilify|melatonin|ibuprofen|paracetamol|acetaminophen|tylenol|aspirin|benadryl|diphenhydramine|zopiclone|zolpidem|ambien|ritalin|methylphenidate|adderall|ketamine|psilocybin|magic mushrooms?|lsd|lamotrigine|venlafaxine|effexor|duloxetine|wellbutrin|bupropion|mirtazapine|trazodone|buspirone|propranolol|gabapentin|pregabalin|st johns wort|cbd(?: oil)?|kratom|codeine|oxycodone|opioids?|benzodiazepines?|benzos?|ssris?)';

export const MEDICATION = `(?:medications?|medicines?|meds|antidepressants?|antipsychotics?|pills?|tablets?|mood stabili[sz]ers?|prescriptions?|drugs|${DRUG})`;

export const HELPER =
  '(?:therapists?|therapy|counsell?ors?|counsell?ing|psychiatrists?|psychologists?|doctors?|dr|professionals?(?: help)?|professional help|help ?lines?|hot ?lines?|crisis (?:teams?|lines?|counsell?ors?|services?)|988|911|hospitals?|ambulance|emergency (?:services?|number|room)|clinics?|treatment|clinicians?)';

/** What is told of a thought or a feeling isn't said. */
export const AS_A_THOUGHT =
  '(?:feels?|feeling|felt|seems?|as if|like|think|thinking|thought|thoughts|fear|fears|afraid|worry|worried|worries|believe|believing|tells? you|telling you|says?|saying|critic|voice|whether|if|when|idea|mean|means|imagine|convinced|sure|wonder|wondering)(?: \\w+){0,3}';
export const NOT =
  '(?:dont|doesnt|didnt|never|(?<!why )not|no|isnt|arent|wasnt|wont|cant|shouldnt|wouldnt|havent|without|avoid|avoiding|rather than|instead of|before|neither|nor|hardly)(?: \\w+){0,3}';
