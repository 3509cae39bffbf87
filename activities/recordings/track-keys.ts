import type { FieldRef } from '../../crypto/field-cipher.ts';
import { type NewTrack, type Track, insertTrack } from '../../db/recordings.ts';
import type { Sealing } from '../../db/sealing.ts';

function keyRef(trackId: string): FieldRef {
  return { purpose: 'recording_track', objectId: trackId, column: 'file_key' };
}

/** Puts a file on record before it is written, with its key sealed. */
export async function keepTrack(
  { knex, cipher }: Sealing,
  { key, ...track }: Omit<NewTrack, 'fileKey'> & { readonly key: Buffer },
): Promise<void> {
  const fileKey = await cipher.sealField(knex, keyRef(track.id), key.toString('base64'));
  await insertTrack(knex, { ...track, fileKey });
}

export async function keyOf({ knex, cipher }: Sealing, { id, fileKey }: Track): Promise<Buffer> {
  return Buffer.from(await cipher.openField(knex, keyRef(id), fileKey), 'base64');
}
