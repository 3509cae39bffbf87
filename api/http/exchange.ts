import type { Response } from 'express';
import type { Principal } from '../access/principal.ts';
import type { Door } from './door.ts';

/** What is known about a request while it is being answered, for errors and the log. */
export interface Exchange {
  readonly requestId: string;
  door: Door;
  operationId: string | null;
  principal: Principal | null;
  /** The code of the error that was answered. */
  code: string | null;
}

const exchanges = new WeakMap<object, Exchange>();

export function beginExchange(res: object, requestId: string): Exchange {
  const exchange: Exchange = {
    requestId,
    door: 'own',
    operationId: null,
    principal: null,
    code: null,
  };
  exchanges.set(res, exchange);
  return exchange;
}

export function exchangeOf(res: Response | object): Exchange {
  return exchanges.get(res) ?? beginExchange(res, '');
}
