const LINK = /(?:https?|ftp|tel|sms|mailto|whatsapp|tg):|\bwww\.|[^\s@]+@[^\s@]+\.[a-z]{2,}/iu;
const ADDRESS =
  /([a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|gov|edu|info|app|health|eu|uk|de|fr|nl|ca|au|ly|gg|tv|xyz|biz|site|online|link|chat|care|help|ru|cn))(?![a-z0-9])|[a-z0-9-]+\.[a-z]{2,6}\/[a-z0-9]/giu;
const SPELLED_ADDRESS =
  /\bdot (?:com|org|net|io|co|uk|info)\b|\(\s*(?:dot|at)\s*\)|\[\s*(?:\.|dot|at)\s*\]/iu;
const HANDLE =
  /(?:^|\s)@\w{3,}|\b(?:add|message|find|dm|text|contact|follow|reach|write|email|call|phone|ring) me\b/iu;
const NUMBER = /(?:\+|\b)\(?\d(?:[\s().\-/]{0,2}\d){4,}/gu;
const DIALLED =
  /\b(?:call|calling|dial|dialling|text|texting|ring|phone|sms|number|line|hotline|lifeline)\b[^.!?\n\d]{0,30}?(\d(?:[\d -]{1,8})\d)/giu;
const DIGITS = 'zero|oh|one|two|three|four|five|six|seven|eight|nine';
const SPELLED = new RegExp(
  `\\b(?:(?:${DIGITS}|double|triple)[\\s,.-]+){5,}(?:${DIGITS})\\b`,
  'giu',
);
const COUNTING = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/**
 * Whether a folded text gives out a link, an address or a number that isn't among `contacts`.
 * Counting ("5-4-3-2-1", "in for 4, out for 6") is none.
 */
export function namesForeignContact(folded: string, contacts: readonly string[]): boolean {
  const known = knownOf(contacts);
  const addresses = [...folded.matchAll(ADDRESS)].map(([whole]) => hostOf(whole));
  if (addresses.some((host) => !known.hosts.has(host))) return true;
  if (SPELLED_ADDRESS.test(folded) || HANDLE.test(folded)) return true;
  const bare = addresses.length > 0 ? folded.replaceAll(/https?:\/\/|\bwww\./giu, '') : folded;
  if (LINK.test(bare)) return true;
  const numbers = [
    ...[...folded.matchAll(NUMBER)].map(([whole]) => whole).filter((whole) => !isCounting(whole)),
    ...[...folded.matchAll(DIALLED)].map(([, number]) => number ?? ''),
  ];
  if (numbers.some((number) => !isKnown(digitsOf(number), known.numbers))) return true;
  return [...folded.matchAll(SPELLED)].some(([whole]) => !isCountingAloud(whole));
}

interface Known {
  readonly hosts: ReadonlySet<string>;
  readonly numbers: readonly string[];
}

function knownOf(contacts: readonly string[]): Known {
  const addresses = contacts.flatMap((contact) => [...contact.matchAll(ADDRESS)]);
  const numbers = contacts.flatMap((contact) => [
    digitsOf(contact),
    ...(contact.match(/\d[\d\s().-]*\d/gu) ?? []).map(digitsOf),
  ]);
  return {
    hosts: new Set(addresses.map(([whole]) => hostOf(whole))),
    numbers: numbers.filter((digits) => digits !== ''),
  };
}

/** The same number with or without its country's code. */
function isKnown(digits: string, known: readonly string[]): boolean {
  return known.some(
    (other) =>
      other === digits ||
      (other.length >= 7 &&
        digits.length >= 7 &&
        (other.endsWith(digits) || digits.endsWith(other))),
  );
}

function digitsOf(text: string): string {
  return text.replaceAll(/\D/gu, '');
}

function hostOf(address: string): string {
  return (
    address
      .toLowerCase()
      .replace(/^www\./u, '')
      .split('/', 1)[0] ?? ''
  );
}

/** Small numbers, each one more or one less than the one before. */
function isCounting(text: string): boolean {
  if (/[+(]/u.test(text)) return false;
  const numbers = text.split(/\D+/u).map(Number);
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0);
  return (
    Math.abs(step) === 1 &&
    numbers.every((number, at) => at === 0 || number - (numbers[at - 1] ?? 0) === step)
  );
}

function isCountingAloud(text: string): boolean {
  const numbers = text.split(/[\s,.-]+/u).map((word) => COUNTING.indexOf(word.toLowerCase()));
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0);
  return (
    Math.abs(step) === 1 &&
    numbers.every((number, at) => at === 0 || number - (numbers[at - 1] ?? 0) === step)
  );
}
