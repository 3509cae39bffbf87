/**
 * Letters that look like Latin ones and that compatibility decomposition (NFKD) leaves alone.
 * After Unicode Technical Standard 39 (confusables) and what people use to slip past filters.
 */
const GROUPS: Readonly<Record<string, string>> = {
  a: 'аɑαɐᴀΑАꓮᎪ⍺ӑʌᗩ',
  b: 'вьʙɓβΒВꓐᏴƀЪъᏏᗷ฿',
  c: 'сᴄϲСꓚᏟƈ¢ↄⅽҫᑕ©',
  d: 'ԁᴅɗđðꓓᎠꓒδᗪ',
  e: 'еᴇɛəɘǝεΕЕꓰᎬєэҽ€ξ℮Σ',
  f: 'ꜰƒꓝϝғ',
  g: 'ɡɢɠցꓖᏀԌᶃ',
  h: 'һʜħհɥΗНꓧᎻнҺԩ',
  i: 'іıɩɪιΙІꓲᎥӏǀ',
  j: 'јᴊϳЈꓙᎫɉ',
  k: 'кᴋκƙʞΚКꓗᏦқĸ₭',
  l: 'ʟłⅼꓡᏞƚɭℓℒլ',
  m: 'мᴍɯΜМꓟᎷ₥',
  n: 'пɴηŋոиΝꓠɳ₦',
  o: 'оᴏοσøօΟОꓳθӨөо๏ծ°',
  p: 'рᴘρþΡРꓑᏢ₱',
  q: 'ԛɋգϙ',
  r: 'гʀɹяꓣᎡɾᏒ',
  s: 'ѕꜱʂЅꓢᏚ§ʃƨ',
  t: 'тᴛτƭʇΤТꓔᎢŧ₮',
  u: 'υᴜսʊцꓴᴗμ∪ų',
  v: 'νᴠѵʋꓦᏙ√',
  w: 'ԝᴡωшꓪᎳʍɯ₩աψ',
  x: 'хχΧХꓫ×ҳ',
  y: 'уʏγүΥУꓬƴʎ¥ұ',
  z: 'ᴢζΖꓜᏃƶʐ',
};

const SPELLED_OUT: readonly (readonly [string, string])[] = [
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ю', 'io'],
  ['ы', 'bi'],
];

export const LOOK_ALIKES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(GROUPS).flatMap(([latin, others]) =>
    [...others].map((other): [string, string] => [other, latin]),
  ),
  ...SPELLED_OUT,
]);

/** Digits and signs that stand for letters inside a word; `1`, `!` and `|` may also be an l. */
export const LEET: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '0': 'o',
    '1': 'i',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '6': 'g',
    '7': 't',
    '8': 'b',
    '9': 'g',
    '@': 'a',
    $: 's',
    '!': 'i',
    '|': 'i',
    '+': 't',
    '(': 'c',
  }),
);

export const LEET_L = new Set(['1', '!', '|']);

/** The first letter of each run of 26 enclosed letters that NFKD does not take apart. */
export const ENCLOSED_ALPHABETS: readonly number[] = [0x1f1_50, 0x1f1_70, 0x1f1_e6];
