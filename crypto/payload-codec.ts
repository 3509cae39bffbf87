import { METADATA_ENCODING_KEY } from '@temporalio/common';
import type { Payload, PayloadCodec } from '@temporalio/common';
import protoPackage from '@temporalio/proto';
import { HoldfastError } from '../domain/errors.ts';
import { open, seal } from './aead.ts';
import type { KeyRing } from './key-ring.ts';

const PayloadMessage = protoPackage.temporal.api.common.v1.Payload;

const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const ENCODING_BYTES = Buffer.from(ENCODING);

function metadataText(payload: Payload, name: string): string {
  const value = payload.metadata?.[name];
  return value === undefined || value === null ? '' : Buffer.from(value).toString('utf8');
}

export function isEncrypted(payload: Payload): boolean {
  return metadataText(payload, METADATA_ENCODING_KEY) === ENCODING;
}

/** What a payload that never opens is replaced with: an argument that every handler refuses. */
export const UNDECODABLE = { undecodable: true } as const;

const UNDECODABLE_PAYLOAD: Payload = {
  metadata: { [METADATA_ENCODING_KEY]: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(UNDECODABLE)),
};

/** The answer of what answers nothing: there is nothing to hide in it. */
function isNothing(payload: Payload): boolean {
  return metadataText(payload, METADATA_ENCODING_KEY) === 'binary/null';
}

/** Whether the default converter can make a value of a payload in clear. */
function isReadable(payload: Payload): boolean {
  const encoding = metadataText(payload, METADATA_ENCODING_KEY);
  if (encoding !== 'json/plain') return encoding === 'binary/null' || encoding === 'binary/plain';
  try {
    JSON.parse(Buffer.from(payload.data ?? []).toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Encrypts every payload that holds something with the current payload key (AES-256-GCM). On decoding:
 *
 * - a payload in clear passes, so that signals from the UI and the CLI work, unless no converter
 *   could read it: that would stall the workflow for ever as well;
 * - a key of ours that is not at hand throws `dependency_unavailable`: the task is retried
 *   and goes on when the key file has the key; anything else would corrupt the workflow;
 * - an invented key id or a forged text can never open, now or later. Throwing would stall
 *   the workflow for ever on one injected signal, so it becomes {@link UNDECODABLE}, the
 *   same at every replay.
 */
export class EncryptionCodec implements PayloadCodec {
  readonly #keyRing: KeyRing;

  constructor(keyRing: KeyRing) {
    this.#keyRing = keyRing;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { id, key } = await this.#keyRing.current('payloads');
    const keyId = Buffer.from(id);
    return payloads.map((payload) =>
      isNothing(payload)
        ? payload
        : {
            metadata: { [METADATA_ENCODING_KEY]: ENCODING_BYTES, [KEY_ID]: keyId },
            data: seal(key, PayloadMessage.encode(payload).finish(), `payload/${id}`),
          },
    );
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map((payload) => this.#decodeOne(payload)));
  }

  async #decodeOne(payload: Payload): Promise<Payload> {
    if (!isEncrypted(payload)) return isReadable(payload) ? payload : UNDECODABLE_PAYLOAD;
    const id = metadataText(payload, KEY_ID);
    if (!this.#keyRing.isOwnId('payloads', id)) return UNDECODABLE_PAYLOAD;
    const key = await this.#keyRing.find('payloads', id);
    if (key === undefined) {
      throw new HoldfastError('dependency_unavailable', `The key file has no payload key ${id}`);
    }
    const clear = open(key, payload.data ?? new Uint8Array(), `payload/${id}`);
    return clear === null ? UNDECODABLE_PAYLOAD : PayloadMessage.decode(clear);
  }
}
