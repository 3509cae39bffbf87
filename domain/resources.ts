/** What kind of help it is; `emergency` is the number for danger to life. */
export const RESOURCE_KINDS = [
  'emergency',
  'hotline',
  'text',
  'local',
  'specialized',
  'educational',
] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** A place where people find help. At least one of phone, text line and website is there. */
export interface CrisisResource {
  readonly kind: ResourceKind;
  readonly title: string;
  readonly description: string | null;
  /** As people dial it there: short numbers are no E.164. */
  readonly phone: string | null;
  /** `Text HOME to 741741` */
  readonly text: string | null;
  readonly website: string | null;
  readonly available: string | null;
  readonly languages: readonly string[];
  /** Whom it is for, where it isn't for everybody. */
  readonly population: string | null;
  /** ISO 3166-1 alpha-2; null for everywhere. */
  readonly country: string | null;
  readonly location: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** `YYYY-MM-DD`: when somebody last saw to it that this is right, and has to again. */
  readonly reviewedOn: string | null;
  readonly reviewDueOn: string | null;
}

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

export interface Place {
  readonly country: string | null;
  readonly position: Position | null;
}

const EARTH_RADIUS_KM = 6_371;

/** How far a place of help is, to 100 m; null for one that is nowhere in particular. */
export function distanceKm(from: Position, { latitude, longitude }: CrisisResource): number | null {
  if (latitude === null || longitude === null) return null;
  return Math.round(angleBetween(from, { latitude, longitude }) * EARTH_RADIUS_KM * 10) / 10;
}

/** Nobody has ever looked at it, or not for too long. `today` is `YYYY-MM-DD`. */
export function isReviewDue(resource: CrisisResource, today: string): boolean {
  const { reviewedOn, reviewDueOn } = resource;
  return reviewedOn === null || (reviewDueOn !== null && reviewDueOn <= today);
}

/**
 * The help for somebody at a place, the nearest first; what is nowhere in particular comes after
 * it, in the clinic's own order. Other countries' is left out, unless nothing would remain.
 */
export function resourcesAt<Resource extends CrisisResource>(
  resources: readonly Resource[],
  { country, position }: Place,
): Resource[] {
  const fits = (resource: CrisisResource): boolean =>
    country === null || resource.country === null || resource.country === country;
  const fitting = resources.filter(fits);
  const shown = fitting.length > 0 ? fitting : resources;
  if (position === null) return [...shown];
  const distance = (resource: CrisisResource): number =>
    resource.latitude === null || resource.longitude === null
      ? Infinity
      : angleBetween(position, resource as Position);
  const measured = shown.map((resource) => ({ resource, angle: distance(resource) }));
  return measured
    .toSorted((a, b) => (a.angle === b.angle ? 0 : a.angle - b.angle))
    .map(({ resource }) => resource);
}

/** By the haversine, in radians: only the order matters. */
function angleBetween(a: Position, b: Position): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2;
  const parallels = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude));
  const square = half(a.latitude, b.latitude) + parallels * half(a.longitude, b.longitude);
  return 2 * Math.asin(Math.min(1, Math.sqrt(square)));
}

const BLANK: Omit<CrisisResource, 'kind' | 'title'> = {
  description: null,
  phone: null,
  text: null,
  website: null,
  available: '24/7',
  languages: ['en'],
  population: null,
  country: 'US',
  location: null,
  latitude: null,
  longitude: null,
  reviewedOn: null,
  reviewDueOn: null,
};

/** What is shown until a clinic has made its own list; nobody has reviewed it for them. */
export const DEFAULT_RESOURCES: readonly CrisisResource[] = [
  {
    ...BLANK,
    kind: 'emergency',
    title: 'Emergency Services',
    phone: '911',
    description: 'For immediate life-threatening emergencies',
  },
  {
    ...BLANK,
    kind: 'hotline',
    title: '988 Suicide & Crisis Lifeline',
    phone: '988',
    text: 'Text 988',
    website: 'https://988lifeline.org',
    description: 'Free, confidential support 24/7 for people in distress',
    languages: ['en', 'es'],
  },
  {
    ...BLANK,
    kind: 'text',
    title: 'Crisis Text Line',
    text: 'Text HOME to 741741',
    website: 'https://www.crisistextline.org',
    description: 'Free, 24/7 crisis support via text message',
    languages: ['en', 'es'],
  },
  {
    ...BLANK,
    kind: 'specialized',
    title: 'Veterans Crisis Line',
    phone: '988',
    text: 'Text 838255',
    website: 'https://www.veteranscrisisline.net',
    description: 'Crisis support for veterans and their families; press 1 after dialling 988',
    population: 'Veterans',
  },
  {
    ...BLANK,
    kind: 'educational',
    title: 'Find A Helpline',
    website: 'https://findahelpline.com',
    description: 'Help lines by country and topic',
    available: null,
    country: null,
  },
];
