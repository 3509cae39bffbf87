/**
 * Explicit statements that the detector misses or grades too low: each is a defect of the detector,
 * none of the table. Nothing may be added; what is mended leaves the list.
 */
export const OPEN_MISSES: ReadonlySet<string> = new Set([
  'theres no reason for me to live',
  'After two tours in Helmand I came home and all I think about is eating a bullet.',
  'i dont want to kill myself but i think im going to',
  "im not ok. i said i wasn't suicidal but i am",
  'ive got the rope and ive picked the tree',
  'i have my service pistol in my lap and im thinking of using it on myself',
  'i bought pills today. enough to do it',
  "I've just od'd please help",
  'ive slit my wrists and its not stopping',
]);
