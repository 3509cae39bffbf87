import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { isDoor } from './door.ts';
import type { Door } from './door.ts';

export const HTTP_METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/**
 * Groups of rate limits: the support door publishes three, `general` is for the other doors,
 * `codes` for codes that could be guessed (as `general`, and a wrong one as strictly as `auth`), `none`
 * for what must never be refused.
 */
export const LIMIT_GROUPS = ['api', 'auth', 'admin', 'general', 'codes', 'none'] as const;
export type LimitGroup = (typeof LIMIT_GROUPS)[number];

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly 'x-body-limit-bytes'?: number;
  readonly 'x-limit'?: LimitGroup;
  readonly 'x-refuses-nothing'?: boolean;
  readonly 'x-hears-refused'?: boolean;
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content?: Readonly<Record<string, unknown>>;
  };
  readonly [key: string]: unknown;
}

export type PathItem = Readonly<Partial<Record<HttpMethod, OperationObject>>> & {
  readonly [key: string]: unknown;
};

export interface ApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string; readonly 'x-mounts'?: readonly string[] }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One operation of the document, with all that the router needs to know about it. */
export interface Operation {
  readonly id: string;
  readonly method: HttpMethod;
  /** The path template, `{id}` for a parameter, without its mount. */
  readonly path: string;
  /** Prefixes under which the path is reachable. */
  readonly mounts: readonly string[];
  readonly door: Door;
  /** Reachable without a token. A valid token still makes a principal. */
  readonly isPublic: boolean;
  readonly needsBody: boolean;
  /** A form with a file, instead of JSON. */
  readonly isUpload: boolean;
  readonly bodyLimitBytes: number;
  readonly limit: LimitGroup;
  /**
   * A cry for help comes in here: a token that has just ended will do, whatever the body holds is
   * taken as a report, and who is turned away all the same is told whom to call.
   */
  readonly refusesNothing: boolean;
  /** What is refused before its handler could read it is read for words of crisis all the same. */
  readonly hearsRefused: boolean;
}

export const FORM_TYPE = 'multipart/form-data';
const DEFAULT_BODY_LIMIT_BYTES = 100 * 1024;
const DOCUMENT_PATH = fileURLToPath(new URL('../../openapi.yaml', import.meta.url));

/** Reads `openapi.yaml`, the one description of every door. */
export function loadDocument(): ApiDocument {
  return parse(readFileSync(DOCUMENT_PATH, 'utf8'), { merge: true }) as ApiDocument;
}

/** All operations of the document. Throws a plain Error that names the operation when one is ill described. */
export function operationsOf(document: ApiDocument): Operation[] {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    HTTP_METHODS.flatMap((method) => {
      const described = item[method];
      return described === undefined ? [] : [toOperation(document, path, method, described)];
    }),
  );
  const seen = new Set<string>();
  for (const { id } of operations) {
    if (seen.has(id)) throw new Error(`openapi.yaml: operationId "${id}" is used twice`);
    seen.add(id);
  }
  return operations;
}

function toOperation(
  document: ApiDocument,
  path: string,
  method: HttpMethod,
  described: OperationObject,
): Operation {
  const name = `${method.toUpperCase()} ${path}`;
  const id = described.operationId;
  if (typeof id !== 'string') throw new Error(`openapi.yaml: ${name} has no operationId`);
  const [door = '', ...others] = described.tags ?? [];
  if (!isDoor(door) || others.length > 0) {
    throw new Error(`openapi.yaml: ${id} needs exactly one tag, the name of its door`);
  }
  const mounts = document.tags.find((tag) => tag.name === door)?.['x-mounts'] ?? [''];
  return {
    id,
    method,
    path,
    mounts,
    door,
    isPublic: described.security?.length === 0,
    needsBody: described.requestBody?.required ?? false,
    isUpload: Object.hasOwn(described.requestBody?.content ?? {}, FORM_TYPE),
    bodyLimitBytes: described['x-body-limit-bytes'] ?? DEFAULT_BODY_LIMIT_BYTES,
    limit: described['x-limit'] ?? (door === 'support' ? 'api' : 'general'),
    refusesNothing: described['x-refuses-nothing'] ?? false,
    hearsRefused: described['x-hears-refused'] ?? false,
  };
}
