import type { HttpMethod, Operation } from './document.ts';
import { HoldfastError } from '../../domain/errors.ts';

export type RouteMatch =
  | {
      readonly kind: 'operation';
      readonly operation: Operation;
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'other_method'; readonly allow: readonly HttpMethod[] }
  | { readonly kind: 'none' };

interface Entry {
  readonly operation: Operation;
  readonly names: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | null;
  readonly entries: Map<HttpMethod, Entry>;
}

const PARAMETER = /^\{([^}]+)\}$/;

function newNode(): Node {
  return { literals: new Map(), parameter: null, entries: new Map() };
}

/**
 * Finds the operation of a request, one step a segment. A literal segment wins over a
 * parameter, whatever the order of the document.
 */
export class RouteTable {
  readonly #root = newNode();

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      for (const mount of operation.mounts) this.#add(`${mount}${operation.path}`, operation);
    }
  }

  /** `path` is still percent-encoded. Throws `malformed_request` for a parameter that doesn't decode. */
  find(method: string, path: string): RouteMatch {
    const segments = segmentsOf(path);
    const values: string[] = [];
    const node = descend(this.#root, segments, 0, values);
    if (node === null) return { kind: 'none' };
    const wanted = method === 'HEAD' ? 'get' : (method.toLowerCase() as HttpMethod);
    const entry = node.entries.get(wanted);
    if (entry === undefined) return { kind: 'other_method', allow: [...node.entries.keys()] };
    return { kind: 'operation', operation: entry.operation, params: decode(entry.names, values) };
  }

  #add(template: string, operation: Operation): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of segmentsOf(template)) {
      const name = PARAMETER.exec(segment)?.[1];
      if (name === undefined) node = child(node.literals, segment);
      else {
        names.push(name);
        node = node.parameter ??= newNode();
      }
    }
    const taken = node.entries.get(operation.method);
    if (taken !== undefined) {
      throw new Error(`openapi.yaml: ${operation.id} and ${taken.operation.id} share a route`);
    }
    node.entries.set(operation.method, { operation, names });
  }
}

function segmentsOf(path: string): string[] {
  const trimmed = path.endsWith('/') ? path.slice(1, -1) : path.slice(1);
  return trimmed.split('/');
}

function child(literals: Map<string, Node>, segment: string): Node {
  const known = literals.get(segment);
  if (known !== undefined) return known;
  const made = newNode();
  literals.set(segment, made);
  return made;
}

function descend(
  node: Node,
  segments: readonly string[],
  at: number,
  values: string[],
): Node | null {
  const segment = segments[at];
  if (segment === undefined) return node.entries.size > 0 ? node : null;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? null : descend(literal, segments, at + 1, values);
  if (found !== null) return found;
  if (node.parameter === null || segment === '') return null;
  values[values.length] = segment;
  const below = descend(node.parameter, segments, at + 1, values);
  if (below === null) values.pop();
  return below;
}

function decode(names: readonly string[], values: readonly string[]): Record<string, string> {
  try {
    return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i] ?? '')]));
  } catch {
    throw new HoldfastError('malformed_request', 'The path is not properly encoded');
  }
}
