import { type AddressFault, readOutboundUrl } from '../gateways/public-address.ts';

/** Which addresses a clinic may have its events sent to. */
export interface WebhookHosts {
  /** The sandbox: anything goes, plain HTTP as well. */
  readonly isSandbox: boolean;
  /** Host names that the operator has named, which may be private; still by HTTPS. */
  readonly privateHosts: readonly string[];
}

/** What can be told of an address before its name is resolved. */
export function checkWebhookUrl(text: string, hosts: WebhookHosts): URL | AddressFault {
  const url = readOutboundUrl(text, { allowPrivateHosts: mayBePrivate(text, hosts) });
  if (typeof url === 'string') return url;
  return url.protocol === 'https:' || hosts.isSandbox ? url : 'bad_address';
}

/** Whether an address may lead to a host that is not public. */
export function mayBePrivate(text: string, { isSandbox, privateHosts }: WebhookHosts): boolean {
  if (isSandbox) return true;
  return URL.canParse(text) && privateHosts.includes(new URL(text).hostname);
}
