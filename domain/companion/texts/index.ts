import type { CompanionTexts } from '../language.ts';
import { ENGLISH } from './en/index.ts';

/**
 * Every language that the companion speaks; the first is spoken to whoever wants another. To add
 * one, copy `en/`, translate its files (the cues are of the language, not of the texts) and list it.
 */
export const COMPANION_LANGUAGES: readonly [CompanionTexts, ...CompanionTexts[]] = [ENGLISH];

/** `language` is a tag like `en` or `en-GB`; only its first part counts. */
export function textsIn(language: string): CompanionTexts {
  const wanted = language.toLowerCase().split('-', 1)[0];
  return COMPANION_LANGUAGES.find((texts) => texts.language === wanted) ?? COMPANION_LANGUAGES[0];
}
