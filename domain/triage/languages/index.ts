import type { LanguagePack } from '../language-pack.ts';
import { ENGLISH } from './en/index.ts';

/** Every language that texts are read in; see {@link LanguagePack} for how to add one. */
export const LANGUAGES: readonly LanguagePack[] = [ENGLISH];
