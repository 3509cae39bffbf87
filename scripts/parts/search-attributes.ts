import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributes } from './temporal-flags.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const types = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};

/** Registers the product's search attributes with a Temporal server that doesn't know them yet. */
export async function registerSearchAttributes(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace,
    });
    const missing = Object.entries(searchAttributes)
      .filter(([name]) => customAttributes[name] === undefined)
      .map(([name, type]) => [name, types[type]] as const);
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing),
    });
  } finally {
    await connection.close();
  }
}
