import type { ByteRange } from '../../activities/recordings/sealed-recording.ts';

/**
 * The part of a file that a `Range` header asks for, by RFC 9110: null for all of it, which is also
 * the answer to several parts at once and to what is no range of bytes.
 */
export function readByteRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') {
    const from = Math.max(sizeBytes - Number(last), 0);
    return from === sizeBytes ? 'unsatisfiable' : { from, to: sizeBytes };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return null;
  if (from >= sizeBytes) return 'unsatisfiable';
  return { from, to: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}
