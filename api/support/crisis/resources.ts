import type { Position } from '../../../domain/resources.ts';
import { resourcesAt } from '../../../domain/resources.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { contactCards, resourceSections } from '../../crisis/present-help.ts';
import type { ShownKind } from '../../crisis/present-help.ts';
import type { Answer, PublicCall, Query } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';

interface ResourcesQuery extends Query {
  readonly location?: string;
  readonly type?: string;
}

const SHOWN: readonly ShownKind[] = ['hotline', 'text', 'local', 'educational'];
const LOCATION = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;

/** GET /api/crisis/resources. A place or kind that can't be read is passed over: somebody needs help. */
export async function getCrisisResources(
  call: PublicCall<unknown, ResourcesQuery>,
): Promise<Answer> {
  const { deps, principal, query } = call;
  const position = readPosition(query.location ?? '');
  const lines = await helpLines(deps, principal?.clinicId ?? null);
  const nearest = resourcesAt(lines, { country: null, position });
  const kind = SHOWN.find((word) => word === query.type) ?? null;
  return inBothShapes(200, { b: resourceSections(nearest, kind, position) });
}

function readPosition(text: string): Position | null {
  const [, latitude, longitude] = LOCATION.exec(text) ?? [];
  const position = { latitude: Number(latitude), longitude: Number(longitude) };
  const isOnEarth = Math.abs(position.latitude) <= 90 && Math.abs(position.longitude) <= 180;
  return isOnEarth ? position : null;
}

/** GET /api/urgent/emergency-contacts. It needs no token: nobody is kept from a phone number. */
export async function getEmergencyContacts(call: PublicCall): Promise<Answer> {
  const { deps, principal } = call;
  const contacts = contactCards(await helpLines(deps, principal?.clinicId ?? null));
  return inBothShapes(200, { a: { contacts }, b: { contacts } });
}
