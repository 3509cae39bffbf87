/** What a reader who did not write the detector expects of it. */
export interface ReaderGroup {
  readonly about: string;
  /** `either`: a careful human could decide both ways. */
  readonly isAlert: 'must' | 'must not' | 'either';
  /** Only for explicit statements, of which none may be missed: the least severity they deserve. */
  readonly least?: 'low' | 'medium' | 'high' | 'critical';
  readonly texts: readonly string[];
}
