/**
 * Where a ciphertext's key and place are, as SQL over a row `t`: what `FieldRef` says of one value,
 * said of a column.
 */
export interface SealedColumn {
  readonly purpose: string;
  readonly objectId: string;
  readonly column: string;
  readonly rowId: string | null;
  /** The clinic's own notes, which are shown to an admin who asks for them. */
  readonly isClinicsNote?: boolean;
}

/**
 * What becomes of a person's rows when the person is erased: they go; they stay with some columns
 * emptied (each with the SQL that it is set to); or they stay as they are, under a number that leads
 * to nobody any more, and `because` says why.
 */
export type Fate =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'cleared'; readonly to: Readonly<Record<string, string>> }
  | { readonly kind: 'kept'; readonly because: string };

/** Rows of one table that tell of a person in one role. A table may have several. */
export interface Place {
  readonly table: string;
  /** The rows, as SQL over `t` and `:person`. */
  readonly of: string;
  /** The section of the export that shows them; null where none does, and `hidden` says why. */
  readonly section: string | null;
  /** Columns that the export shows as they are. */
  readonly shown: readonly string[];
  /** Columns that are opened for the export, and whose data keys go with the person. */
  readonly sealed: Readonly<Record<string, SealedColumn>>;
  /** Columns that are not shown: secrets, inner workings, and what tells of others. */
  readonly hidden: readonly string[];
  readonly fate: Fate;
  /** For which rows, as SQL, the data keys of `sealed` are this person's alone, and go with them. */
  readonly ownsKeys: string;
  /** The order of the rows in the export, and of nothing else. */
  readonly order: string;
}

type Words = string;

export interface PlaceWords {
  readonly of: string;
  readonly section?: string;
  /** Names of columns, apart by blanks. */
  readonly shown?: Words;
  readonly sealed?: Readonly<Record<string, SealedColumn>>;
  readonly hidden?: Words;
  readonly fate: Fate;
  readonly ownsKeys?: string;
  readonly order?: string;
}

export function namesIn(words: Words): string[] {
  return words.split(/\s+/).filter((name) => name !== '');
}

export function place(table: string, words: PlaceWords): Place {
  return {
    table,
    of: words.of,
    section: words.section ?? null,
    shown: namesIn(words.shown ?? ''),
    sealed: words.sealed ?? {},
    hidden: namesIn(words.hidden ?? ''),
    fate: words.fate,
    ownsKeys: words.ownsKeys ?? 'true',
    order: words.order ?? '1',
  };
}

export function sealed(
  purpose: string,
  objectId: string,
  column: string,
  rowId: string | null = null,
): SealedColumn {
  return { purpose, objectId, column, rowId };
}

export function clinicsNote(column: SealedColumn): SealedColumn {
  return { ...column, isClinicsNote: true };
}

export const deleted: Fate = { kind: 'deleted' };

/** `to` where null will not do. */
export function cleared(columns: Words, to: Readonly<Record<string, string>> = {}): Fate {
  const empty = namesIn(columns).map((name) => [name, 'NULL']);
  return { kind: 'cleared', to: { ...Object.fromEntries(empty), ...to } };
}

export function kept(because: string): Fate {
  return { kind: 'kept', because };
}
