import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadDocument, operationsOf } from './document.ts';

const TARGET = fileURLToPath(new URL('../generated/operations.ts', import.meta.url));

/** The source of `api/generated/operations.ts`: the operation ids of `openapi.yaml` as types. */
export function operationsSource(): string {
  const operations = operationsOf(loadDocument()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const ids = operations.map(({ id }) => id);
  const publicIds = operations.filter(({ isPublic }) => isPublic).map(({ id }) => id);
  return [
    '// Generated from openapi.yaml by api/http/generate-operations.ts.',
    `export const OPERATION_IDS = [${list(ids)}] as const;`,
    'export type OperationId = (typeof OPERATION_IDS)[number];',
    `export const PUBLIC_OPERATION_IDS = [${list(publicIds)}] as const;`,
    'export type PublicOperationId = (typeof PUBLIC_OPERATION_IDS)[number];',
    '',
  ].join('\n');
}

/** Whether the generated file says what the document says. */
export function isCurrent(): boolean {
  return readFileSync(TARGET, 'utf8') === operationsSource();
}

function list(ids: readonly string[]): string {
  return ids.map((id) => `\n  '${id}',`).join('') + (ids.length > 0 ? '\n' : '');
}

if (import.meta.main) writeFileSync(TARGET, operationsSource());
