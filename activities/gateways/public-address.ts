import ipaddr from 'ipaddr.js';

/** IPv6 addresses that are handed out for the public Internet; all else is of some other use. */
const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** In a public range, and yet the host's own platform: Azure's configuration service. */
const PLATFORM_ADDRESSES = new Set(['168.63.129.16']);

/**
 * Whether an IP address belongs to the public Internet. Private, loopback, link-local, shared
 * (carrier-grade NAT), documentation and multicast ranges do not, nor does IPv6 that carries an
 * IPv4 address inside (NAT64, 6to4, Teredo); an IPv4-mapped one counts as what it maps.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address.includes('%')) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed instanceof ipaddr.IPv6) return parsed.match(GLOBAL_UNICAST_V6);
  return !PLATFORM_ADDRESSES.has(parsed.toString());
}

/** Why an address of the web may not be called: not one at all, or a place that is not public. */
export type AddressFault = 'bad_address' | 'blocked_address';

export interface AddressRules {
  /** Lifts the rules for sandboxes: private hosts and plain HTTP are allowed too. */
  readonly allowPrivateHosts: boolean;
}

const MAX_URL_LENGTH = 2048;

/**
 * What can be told of a URL before its name is resolved. `webcal:` means `https:`. User names and
 * passwords inside of it are refused: they would be stored and logged with it.
 */
export function readOutboundUrl(text: string, rules: AddressRules): URL | AddressFault {
  const url = parse(text.replace(/^webcals?:/i, 'https:'));
  if (url === null || url.username !== '' || url.password !== '') return 'bad_address';
  url.hash = '';
  if (rules.allowPrivateHosts) return url;
  if (url.protocol !== 'https:') return 'bad_address';
  const literal = literalAddress(url);
  if (literal !== null) return isPublicAddress(literal) ? url : 'blocked_address';
  return isLocalName(url.hostname) ? 'blocked_address' : url;
}

function parse(text: string): URL | null {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return null;
  const url = new URL(text);
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname !== ''
    ? url
    : null;
}

/** The IP address that a URL names instead of a host, without brackets. */
export function literalAddress({ hostname }: URL): string | null {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : null;
}

/** Names that are never public, whatever a resolver says (RFC 6761, RFC 6762, RFC 8375). */
function isLocalName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '');
  return !name.includes('.') || /\.(?:localhost|local|internal|home\.arpa)$/.test(name);
}
