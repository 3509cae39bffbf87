import type { Stripe } from 'stripe';
import type { StripeCore } from './core.ts';
import { noSuch } from './errors.ts';
import { newId, randomText } from './ids.ts';
import { page } from './lists.ts';
import type { Params } from './params.ts';
import { attachMethod } from './payment-method-bank.ts';
import { resolvePaymentMethod } from './payment-methods.ts';
import type { Call, Route } from './routes.ts';
import { search } from './search.ts';

const UNUSED = [
  'address',
  'balance',
  'cash_balance',
  'preferred_locales',
  'shipping',
  'source',
  'tax',
  'tax_exempt',
  'business_name',
  'individual_name',
  'invoice_prefix',
  'next_invoice_sequence',
];

type Fields = Pick<Stripe.Customer, 'email' | 'name' | 'phone' | 'description'>;

/** The customer named in a parameter, which must exist. */
export function requireCustomer(core: StripeCore, id: string): Stripe.Customer {
  const customer = core.store.get('customers', id);
  if (customer === undefined || isDeleted(customer)) {
    throw noSuch('customer', id, 'customer', 'body');
  }
  return customer;
}

function isDeleted(customer: Stripe.Customer): boolean {
  return (customer as { deleted?: unknown }).deleted === true;
}

function findCustomer(core: StripeCore, call: Call): Stripe.Customer {
  const id = call.path('id');
  const customer = core.store.get('customers', id);
  if (customer === undefined) throw noSuch('customer', id, 'id', 'path');
  return customer;
}

function fields(params: Params, current: Fields): Fields {
  params.ignore(...UNUSED);
  const read = <T>(name: string, before: T): T | string | null => {
    const value = params.clearable(name);
    return value === undefined ? before : value;
  };
  return {
    email: read('email', current.email),
    name: read('name', current.name ?? null),
    phone: read('phone', current.phone ?? null),
    description: read('description', current.description),
  };
}

const BLANK: Pick<
  Stripe.Customer,
  | 'address'
  | 'balance'
  | 'currency'
  | 'default_source'
  | 'delinquent'
  | 'discount'
  | 'livemode'
  | 'next_invoice_sequence'
  | 'preferred_locales'
  | 'shipping'
  | 'tax_exempt'
  | 'test_clock'
> = {
  address: null,
  balance: 0,
  currency: null,
  default_source: null,
  delinquent: false,
  discount: null,
  livemode: false,
  next_invoice_sequence: 1,
  preferred_locales: [],
  shipping: null,
  tax_exempt: 'none',
  test_clock: null,
};

function create(core: StripeCore, call: Call): Stripe.Customer {
  const { params } = call;
  const read = fields(params, { email: null, name: null, phone: null, description: null });
  const methodId = params.string('payment_method');
  const invoiceSettings = readInvoiceSettings(params);
  const metadata = params.metadata({});
  params.finish();
  const customer: Stripe.Customer = {
    id: newId('cus').slice(0, 18),
    object: 'customer',
    ...BLANK,
    created: core.nowSeconds(),
    ...read,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
      ...invoiceSettings,
    },
    metadata,
  };
  core.store.put('customers', customer.id, customer);
  core.emit('customer.created', customer);
  if (methodId !== undefined) {
    attachMethod(core, resolvePaymentMethod(core, methodId), customer.id);
  }
  return customer;
}

function readInvoiceSettings(params: Params): { default_payment_method?: string | null } {
  const settings = params.hash('invoice_settings');
  settings?.ignore('custom_fields', 'footer', 'rendering_options');
  const method = settings?.clearable('default_payment_method');
  return method === undefined ? {} : { default_payment_method: method };
}

function update(core: StripeCore, call: Call): Stripe.Customer {
  const before = findCustomer(core, call);
  if (isDeleted(before)) throw noSuch('customer', before.id, 'id', 'path');
  const invoiceSettings = readInvoiceSettings(call.params);
  const updated: Stripe.Customer = {
    ...before,
    ...fields(call.params, before),
    invoice_settings: { ...before.invoice_settings, ...invoiceSettings },
    metadata: call.params.metadata(before.metadata),
  };
  call.params.finish();
  core.store.put('customers', before.id, updated);
  core.emit('customer.updated', updated, before);
  return updated;
}

function remove(core: StripeCore, call: Call): unknown {
  const customer = findCustomer(core, call);
  if (isDeleted(customer)) throw noSuch('customer', customer.id, 'id', 'path');
  const deleted: Stripe.DeletedCustomer = { id: customer.id, object: 'customer', deleted: true };
  core.store.put('customers', customer.id, {
    ...customer,
    email: null,
    name: null,
    phone: null,
    ...(deleted as object),
  });
  core.emit('customer.deleted', customer);
  return deleted;
}

function retrieve(core: StripeCore, call: Call): unknown {
  const customer = findCustomer(core, call);
  if (!isDeleted(customer)) return customer;
  return { id: customer.id, object: 'customer', deleted: true };
}

function live(core: StripeCore): Stripe.Customer[] {
  return core.store.all('customers').filter((customer) => !isDeleted(customer));
}

function list(core: StripeCore, call: Call): unknown {
  const email = call.params.string('email');
  const rows = live(core).filter((customer) => email === undefined || customer.email === email);
  return page(call.params, rows, '/v1/customers', 'customer');
}

/** The routes of `/v1/customers`. */
export function customerRoutes(core: StripeCore): Route[] {
  const base = '/customers';
  return [
    { method: 'post', path: base, handle: (call) => create(core, call) },
    { method: 'get', path: base, handle: (call) => list(core, call) },
    {
      method: 'get',
      path: `${base}/search`,
      handle: (call) => search(call.params, live(core), '/v1/customers/search'),
    },
    { method: 'get', path: `${base}/:id`, handle: (call) => retrieve(core, call) },
    { method: 'post', path: `${base}/:id`, handle: (call) => update(core, call) },
    { method: 'delete', path: `${base}/:id`, handle: (call) => remove(core, call) },
  ];
}
