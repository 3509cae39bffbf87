/** What may be attached to a message, by what the bytes themselves say. The rest is refused. */
const ALLOWED: Readonly<Record<string, { readonly kind: AttachmentKind; readonly ext: string }>> = {
  'image/jpeg': { kind: 'image', ext: 'jpg' },
  'image/png': { kind: 'image', ext: 'png' },
  'image/apng': { kind: 'image', ext: 'png' },
  'image/gif': { kind: 'image', ext: 'gif' },
  'image/webp': { kind: 'image', ext: 'webp' },
  'image/heic': { kind: 'image', ext: 'heic' },
  'image/avif': { kind: 'image', ext: 'avif' },
  'application/pdf': { kind: 'file', ext: 'pdf' },
  'text/plain': { kind: 'file', ext: 'txt' },
};

export type AttachmentKind = 'image' | 'file';

/** How long an upload that no message shows is kept, ms. */
export const ORPHAN_LIVES_MS = 86_400_000;

/** Null for a type that may not be attached. */
export function attachmentKind(mediaType: string): AttachmentKind | null {
  return Object.hasOwn(ALLOWED, mediaType) ? ALLOWED[mediaType]!.kind : null;
}

const LONGEST_STEM = 100;
/** Separators of paths, quotes, what shells and file systems give a meaning, and what is invisible. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}"'`<>|:*?%;$&\\/]+/gu;
const OTHER_SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  jpg: ['jpeg', 'jpe'],
  png: ['apng'],
  heic: ['heif'],
  txt: ['text', 'md', 'log', 'csv'],
};

/** A name that no file system, header or page stumbles over, with an ending of the type. */
export function cleanFilename(given: string, mediaType: string): string {
  const last = given.normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const safe = last.replaceAll(UNSAFE, '_').replaceAll(/\s+/g, ' ').trim();
  const ext = ALLOWED[mediaType]?.ext ?? 'bin';
  const dot = safe.lastIndexOf('.');
  const ending = dot > 0 ? safe.slice(dot + 1).toLowerCase() : '';
  const isRight = ending === ext || OTHER_SPELLINGS[ext]?.includes(ending) === true;
  const stem = (isRight ? safe.slice(0, dot) : safe).replaceAll(/^[.\s_]+|[.\s]+$/g, '');
  const short = [...stem].slice(0, LONGEST_STEM).join('').trim();
  return `${short === '' ? 'file' : short}.${isRight ? ending : ext}`;
}
