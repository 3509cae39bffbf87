import { isUuid } from '../../domain/ids.ts';
import { asWritten } from './as-written.ts';

/**
 * Reads what somebody in a crisis, or a client in their name, has sent: each field as far as it can
 * be understood, and as absent where it can't. Nothing here throws.
 */
export type AnyBody = Readonly<Record<string, unknown>>;

const MAX_TEXT = 20_000;
const MAX_LINES = 50;
const MAX_LINE = 500;

export function anyBody(value: unknown): AnyBody {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as AnyBody) : {};
}

/** A text as it may be stored; numbers and the like are taken as they are written. */
export function textIn(value: unknown, maxLength = MAX_TEXT): string | null {
  const text =
    typeof value === 'string'
      ? value
      : value === undefined || value === null
        ? ''
        : asWritten(value);
  const clean = text.replaceAll('\0', '').trim().slice(0, maxLength).toWellFormed();
  return clean === '' ? null : clean;
}

/** A word of a vocabulary, whatever its case and its hyphens. */
export function wordIn<Word extends string>(value: unknown, words: readonly Word[]): Word | null {
  const plain = (text: string): string =>
    text
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_]+/g, '-');
  if (typeof value !== 'string') return null;
  return words.find((word) => plain(word) === plain(value)) ?? null;
}

export function idIn(value: unknown): string | null {
  const id = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return isUuid(id) ? id : null;
}

export function linesIn(value: unknown): string[] {
  const lines = Array.isArray(value) ? (value as unknown[]) : [value];
  return lines.slice(0, MAX_LINES).flatMap((line) => textIn(line, MAX_LINE) ?? []);
}

/** Where somebody is. Each part may be missing. */
export interface ReportedPlace {
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly address: string | null;
  readonly accuracy: number | null;
}

export function placeIn(value: unknown): ReportedPlace | null {
  if (typeof value === 'string') {
    const address = textIn(value, MAX_LINE);
    return address === null ? null : { ...NOWHERE, address };
  }
  const { latitude, longitude, address, accuracy } = anyBody(value);
  const place = {
    latitude: numberIn(latitude, 90),
    longitude: numberIn(longitude, 180),
    address: textIn(address, MAX_LINE),
    accuracy: numberIn(accuracy, 40_000_000),
  };
  const isKnown = place.address !== null || (place.latitude !== null && place.longitude !== null);
  return isKnown ? place : null;
}

const NOWHERE: ReportedPlace = { latitude: null, longitude: null, address: null, accuracy: null };

function numberIn(value: unknown, limit: number): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= limit ? number : null;
}

export interface EmergencyContact {
  readonly name: string | null;
  readonly relationship: string | null;
  readonly phone: string | null;
}

export function contactIn(value: unknown): EmergencyContact | null {
  const { name, relationship, phone, phoneNumber } = anyBody(value);
  const contact = {
    name: textIn(name, MAX_LINE),
    relationship: textIn(relationship, MAX_LINE),
    phone: textIn(phone ?? phoneNumber, 60),
  };
  return contact.name === null && contact.phone === null ? null : contact;
}
