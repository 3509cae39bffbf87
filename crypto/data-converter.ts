import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter } from '@temporalio/common';
import type { DataConverter, LoadedDataConverter } from '@temporalio/common';
import { failureConverter } from './failure-converter.ts';
import type { KeyRing } from './key-ring.ts';
import { EncryptionCodec } from './payload-codec.ts';

/** For `bundleWorkflowCode({ failureConverterPath })`: the bundle must hold the same converter. */
export const failureConverterPath = fileURLToPath(
  new URL('./failure-converter.ts', import.meta.url),
);

/** The data converter of workers (and of their prebuilt bundle's options). */
export function createDataConverter(keyRing: KeyRing): DataConverter {
  return { failureConverterPath, payloadCodecs: [new EncryptionCodec(keyRing)] };
}

/** The same for clients, which take the converters themselves instead of a module's path. */
export function createClientDataConverter(keyRing: KeyRing): LoadedDataConverter {
  return {
    payloadConverter: defaultPayloadConverter,
    failureConverter,
    payloadCodecs: [new EncryptionCodec(keyRing)],
  };
}
