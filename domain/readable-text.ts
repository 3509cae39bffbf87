const LEAST_CIPHERTEXT = 20;
const ENCODED = /^[A-Za-z0-9+/_=.:-]+$/;
const ARMOUR = /^-----BEGIN [A-Z ]*(?:MESSAGE|ENCRYPTED)/;
const CONTROL = /[\p{Cc}\uFFFD]/gu;
const HARMLESS_CONTROL = /[\n\r\t]/g;
/** A text of which this share are characters that nobody types was never typed. */
const MOST_UNTYPED_SHARE = 0.1;

/**
 * Whether nobody but the holder of some key could read a text: bytes, an armoured message, or, where
 * its client says that it is encrypted, one long run of an encoding's characters.
 */
export function isUnreadable(text: string, isEncrypted: boolean): boolean {
  const trimmed = text.trim();
  if (ARMOUR.test(trimmed)) return true;
  const untyped = trimmed.replaceAll(HARMLESS_CONTROL, '').match(CONTROL)?.length ?? 0;
  if (untyped > 0 && untyped >= trimmed.length * MOST_UNTYPED_SHARE) return true;
  return isEncrypted && isEncoded(trimmed);
}

/** Lines may be broken as encoders break them; words have spaces of their own. */
function isEncoded(text: string): boolean {
  const joined = text.replaceAll(/\r?\n/g, '');
  if (joined.length < LEAST_CIPHERTEXT || !ENCODED.test(joined)) return false;
  // A drawn-out cry is letters of one case; what an encoder writes mixes cases and digits.
  return /\d/.test(joined) && /[A-Za-z]/.test(joined);
}
