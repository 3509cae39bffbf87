import type { Request, RequestHandler, Response } from 'express';
import * as OpenApiValidator from 'express-openapi-validator';
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types.js';
import type { Logger } from 'pino';
import type { ApiDocument } from './document.ts';

export interface ValidatorOptions {
  readonly responses: 'off' | 'log' | 'fail';
  readonly log: Logger;
}

/** Runs a request through validation. Problems found later, in the answer, go to `later`. */
export type Validate = (
  req: Request,
  res: Response,
  later: (fault: unknown) => void,
) => Promise<void>;

/**
 * One validator for each path, made when it is first needed: the library walks all routes of
 * its document on every request, and compiles the whole document with every schema.
 */
export function pathValidators(
  document: ApiDocument,
  options: ValidatorOptions,
): (path: string) => Validate {
  const made = new Map<string, Validate>();
  return (path) => {
    const known = made.get(path);
    if (known !== undefined) return known;
    const validate = chain(middlewareFor(document, path, options));
    made.set(path, validate);
    return validate;
  };
}

function middlewareFor(
  document: ApiDocument,
  path: string,
  options: ValidatorOptions,
): RequestHandler[] {
  const { log, responses } = options;
  return OpenApiValidator.middleware({
    apiSpec: documentOfPath(document, path) as unknown as OpenAPIV3.DocumentV3,
    validateApiSpec: false,
    validateRequests: { allErrors: true, allowUnknownQueryParameters: true },
    validateResponses:
      responses === 'off'
        ? false
        : {
            allErrors: true,
            onError: (fault) => {
              log.error({ path, faults: fault.errors }, 'an answer does not fit openapi.yaml');
              if (responses === 'fail') throw fault;
            },
          },
    validateSecurity: false,
    operationHandlers: false,
    fileUploader: false,
    ajvFormats: { mode: 'full' },
  });
}

/** The part of the document that one path needs: itself, and the components that it reaches. */
export function documentOfPath(document: ApiDocument, path: string): Record<string, unknown> {
  const item = document.paths[path] ?? {};
  const tag = Object.values(item).find(isTagged)?.tags[0];
  const mounts = document.tags.find(({ name }) => name === tag)?.['x-mounts'] ?? [''];
  const components: Record<string, Record<string, unknown>> = {};
  collect(document, item, components);
  return structuredClone({
    openapi: document.openapi,
    info: document.info,
    servers: mounts.map((mount) => ({ url: mount === '' ? '/' : mount })),
    paths: { [path]: item },
    components,
  });
}

function isTagged(value: unknown): value is { tags: string[] } {
  return typeof value === 'object' && value !== null && 'tags' in value;
}

function collect(
  document: ApiDocument,
  value: unknown,
  components: Record<string, Record<string, unknown>>,
): void {
  if (typeof value !== 'object' || value === null) return;
  if ('$ref' in value && typeof value.$ref === 'string') {
    const [, , kind = '', name = ''] = value.$ref.split('/');
    const target = document.components[kind]?.[name];
    if (target === undefined) throw new Error(`openapi.yaml: ${value.$ref} leads nowhere`);
    const ofKind = (components[kind] ??= {});
    if (Object.hasOwn(ofKind, name)) return;
    ofKind[name] = target;
    collect(document, target, components);
    return;
  }
  for (const part of Object.values(value)) collect(document, part, components);
}

function chain(middleware: readonly RequestHandler[]): Validate {
  return (req, res, later) =>
    new Promise((resolve, reject) => {
      let settled = false;
      const fail = (fault: unknown): void => {
        if (settled) later(fault);
        else reject(fault);
        settled = true;
      };
      const step = (at: number): void => {
        const next = middleware[at];
        if (next === undefined) {
          settled = true;
          resolve();
          return;
        }
        try {
          void next(req, res, (fault?: unknown) =>
            fault === undefined ? step(at + 1) : fail(fault),
          );
        } catch (fault) {
          fail(fault);
        }
      };
      step(0);
    });
}
