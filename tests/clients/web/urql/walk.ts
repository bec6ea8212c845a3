// Shops with urql at a real gateway and prints what it saw; a test says what that has to be.
import type { AnyVariables, DocumentInput, OperationResult } from "@urql/core";
import {
  NodeRefetchDocument,
  ProductListDocument,
  ProductOrdersDocument,
  ProductSearchDocument,
  VariantUpdateDocument,
} from "../../generated/graphql.js";
import { asked, counted, ordered, token, uri } from "../asking.cjs";
import { cursor, first, glances, identity, lines, shelf } from "../shopping.js";
import { refusals, repriced } from "../storefront.js";
import { urqlClient } from "./client.js";

const client = urqlClient(uri, token, counted);

function answered<Data, Variables extends AnyVariables>({ data, error }: OperationResult<Data, Variables>): Data {
  if (error) throw error;
  return data!;
}

/** What a component shows that asks a query: always the newest of these. */
async function shown<Data, Variables extends AnyVariables>(query: DocumentInput<Data, Variables>, variables: Variables) {
  const states: Data[] = [];
  await new Promise<void>((loaded) =>
    client.query(query, variables).subscribe((result) => {
      states.push(answered(result));
      loaded();
    }),
  );
  return () => states.at(-1)!;
}

const start = await shown(ProductListDocument, shelf);
const newest = await shown(ProductListDocument, { ...shelf, after: cursor(start()) });
const before = first(newest());

const change = await client.mutation(VariantUpdateDocument, repriced(before.variant, 1, before.version));
const after = first(newest());

const refusal = await client.mutation(VariantUpdateDocument, { input: { id: before.variant, title: "" } });
const kept = first(newest());

for (const page of [1, 2, 1]) {
  answered(await client.query(ProductSearchDocument, { search: "sku", page }));
}
const refetched = await client.query(NodeRefetchDocument, { id: before.id });

let sold = await shown(ProductOrdersDocument, { id: ordered, first: 1 });
const { hasNextPage, endCursor } = sold().product!.orderItems.pageInfo;
if (hasNextPage) sold = await shown(ProductOrdersDocument, { id: ordered, first: 1, after: endCursor });

console.log(
  JSON.stringify({
    asked,
    titles: glances(newest()).map((glance) => glance.title),
    before,
    after,
    kept,
    changed: refusals(answered(change)),
    refused: refusals(answered(refusal)),
    refetched: identity(answered(refetched)),
    lines: lines(sold()),
  }),
);
