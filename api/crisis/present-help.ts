import { distanceKm } from '../../domain/resources.ts';
import type { CrisisResource, Position, ResourceKind } from '../../domain/resources.ts';

type List = readonly CrisisResource[];

/** What callers may ask for by its kind. */
export type ShownKind = 'hotline' | 'text' | 'local' | 'educational';

function first(lines: List, kind: ResourceKind, way: 'phone' | 'text'): CrisisResource | undefined {
  return lines.find((line) => line.kind === kind && line[way] !== null);
}

function firstWith(
  lines: List,
  way: 'phone' | 'text',
  ...kinds: ResourceKind[]
): CrisisResource | null {
  return kinds.flatMap((kind) => first(lines, kind, way) ?? [])[0] ?? null;
}

/** What has been done for somebody of whose alert no more is known than that it was raised. */
export const HELP_CALLED: readonly string[] = [
  'Crisis alert raised',
  'Emergency contacts prepared',
];

/** The short card that goes with every crisis answer, as version B publishes it. */
export function emergencyContacts(lines: List): Record<string, unknown> {
  const local = firstWith(lines, 'phone', 'local');
  return {
    crisis: firstWith(lines, 'phone', 'hotline', 'specialized', 'local')?.phone ?? null,
    text: firstWith(lines, 'text', 'text', 'hotline', 'specialized', 'local')?.text ?? null,
    emergency: firstWith(lines, 'phone', 'emergency')?.phone ?? null,
    local: local === null ? null : { name: local.title, phone: local.phone },
  };
}

const IMMEDIATE: readonly ResourceKind[] = ['text', 'hotline', 'local'];

/** Where help is to be had at once, as version B publishes it. */
export function immediateResources(lines: List): Record<string, unknown>[] {
  return lines
    .filter(({ kind }) => IMMEDIATE.includes(kind))
    .map((line) => ({
      title: line.title,
      description: line.description,
      contact: contactOf(line),
      type: 'immediate',
    }));
}

function contactOf({ kind, phone, text, website }: CrisisResource): string | null {
  return kind === 'text' ? (text ?? phone ?? website) : (phone ?? text ?? website);
}

/** As version A publishes it. Whoever asks always gets somebody to call in each of the three places. */
export function contactCards(lines: List): Record<string, unknown> {
  const hotline = firstWith(lines, 'phone', 'hotline', 'specialized', 'local', 'emergency');
  const emergency = firstWith(lines, 'phone', 'emergency') ?? hotline;
  const center = firstWith(lines, 'phone', 'local') ?? hotline;
  return {
    crisis_hotline: card(hotline),
    local_emergency: card(emergency),
    counseling_center: card(center),
  };
}

function card(line: CrisisResource | null): Record<string, unknown> | null {
  return line === null ? null : { name: line.title, phone: line.phone, available: line.available };
}

/** As the therapy page publishes it: a phone, or what to text whereto. */
export function crisisResources(lines: List): Record<string, unknown>[] {
  return lines
    .filter(({ kind }) => kind !== 'educational')
    .map(({ title, phone, text, website, available }) => ({
      name: title,
      ...(phone === null ? {} : { phone }),
      ...(text === null ? {} : { text: text.replace(/^Text /, '') }),
      ...(phone === null && text === null ? { website } : {}),
      ...(available === null ? {} : { available }),
    }));
}

/** All of it, as version B publishes it; `kind` null shows every kind. */
export function resourceSections(
  lines: List,
  kind: ShownKind | null,
  position: Position | null,
): Record<string, unknown> {
  const emergency = lines.find((line) => line.kind === 'emergency');
  const of = (...kinds: readonly ResourceKind[]): CrisisResource[] =>
    lines.filter((line) => kinds.includes(line.kind) && isOfKind(line, kind));
  return {
    emergency:
      emergency === undefined
        ? null
        : { title: emergency.title, phone: emergency.phone, description: emergency.description },
    crisis: of('hotline', 'text').map((line) => ({
      ...common(line, position),
      website: line.website,
      available: line.available,
      languages: line.languages,
    })),
    local: of('local').map((line) => ({
      ...common(line, position),
      website: line.website,
      location: line.location,
    })),
    specialized: of('specialized').map((line) => ({
      ...common(line, position),
      population: line.population,
    })),
    educational: of('educational').map(({ title, description, website }) => ({
      title,
      description,
      website,
    })),
  };
}

/** A line that takes both calls and texts is of both kinds. */
function isOfKind(line: CrisisResource, kind: string | null): boolean {
  if (kind === null || line.kind === kind) return true;
  if (kind === 'hotline') return line.kind === 'specialized' && line.phone !== null;
  return kind === 'text' && line.text !== null && line.kind !== 'local';
}

function common(line: CrisisResource, position: Position | null): Record<string, unknown> {
  const { title, phone, text, description } = line;
  const km = position === null ? null : distanceKm(position, line);
  return { title, phone, text, description, ...(km === null ? {} : { distanceKm: km }) };
}
