/**
 * Explicit statements that the detector misses or grades too low: each is a defect of the detector,
 * none of the table. Nothing may be added; what is mended leaves the list.
 */
export const OPEN_MISSES: ReadonlySet<string> = new Set([
  'theres no reason for me to live',
  'I do not see the point in living now she is gone. I want to be with her.',
  'After two tours in Helmand I came home and all I think about is eating a bullet.',
  'i dont want to kill myself but i think im going to',
  "im not ok. i said i wasn't suicidal but i am",
  'sucide is the only way out for me',
  'ive got the rope and ive picked the tree',
  'i have my service pistol in my lap and im thinking of using it on myself',
  'ive been saving up my oxycodone so i can take them all at once and not wake up',
  'i bought pills today. enough to do it',
  'written the notes to my kids. doing it after they go to school',
  'i counted my tablets there is enough to kill me',
  'i took an overdose about an hour ago and now im scared',
  "I've just od'd please help",
  'ive slit my wrists and its not stopping',
  'im on the bridge now. bye',
  'the noose is round my neck',
  'hes outside my door with a knife',
  'i cant keep myself safe anymore',
  'My husband keeps saying we would all be better off if he was dead',
  "don't call the police but i've taken an overdose",
]);
