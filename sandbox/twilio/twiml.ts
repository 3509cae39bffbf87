/** One element of a TwiML document. `text` is its own text, without that of its children. */
export interface TwimlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly TwimlElement[];
  readonly text: string;
}

interface OpenElement {
  name: string;
  attributes: Record<string, string>;
  children: TwimlElement[];
  text: string;
}

const TOKEN =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Reads a TwiML document: elements, attributes, text and CDATA; no DTDs.
 * @throws SyntaxError when it isn't well-formed or its root isn't `<Response>`.
 */
export function readTwiml(xml: string): TwimlElement {
  const root: OpenElement = { name: '', attributes: {}, children: [], text: '' };
  const open: OpenElement[] = [root];
  let consumed = 0;
  for (const token of xml.matchAll(TOKEN)) {
    if (token.index !== consumed) break;
    consumed += token[0].length;
    readToken(token, open);
  }
  const [response] = root.children;
  const complete = consumed === xml.length && open.length === 1 && root.children.length === 1;
  if (!complete || response?.name !== 'Response' || root.text.trim() !== '') {
    throw new SyntaxError('Not a TwiML document');
  }
  return response;
}

function readToken(token: RegExpExecArray, open: OpenElement[]): void {
  const [, cdata, closed, opened, attributes = '', selfClosing, text] = token;
  const parent = open.at(-1);
  if (parent === undefined) throw new SyntaxError('Not a TwiML document');
  if (opened !== undefined) {
    const element = {
      name: opened,
      attributes: readAttributes(attributes),
      children: [],
      text: '',
    };
    parent.children.push(element);
    if (selfClosing !== '/') open.push(element);
  } else if (closed !== undefined) {
    if (open.length === 1 || parent.name !== closed) throw new SyntaxError('Unbalanced element');
    open.pop();
  } else {
    parent.text += cdata ?? decode(text ?? '');
  }
}

function readAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name = '', double, single] of source.matchAll(ATTRIBUTE)) {
    attributes[name] = decode(double ?? single ?? '');
  }
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

function decode(text: string): string {
  return text.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = name.startsWith('#x') ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
