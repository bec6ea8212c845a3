// Shops with Apollo Client at a real gateway and prints what it saw; a test says what that has to be.
import { NetworkStatus, type ObservableQuery, type OperationVariables } from "@apollo/client";
import { filter, firstValueFrom, map } from "rxjs";
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
import { apolloClient } from "./client.js";

const client = apolloClient(uri, token, counted);

/** What a component shows that watches a query, once nothing is under way. */
function watched<Data, Variables extends OperationVariables>(query: ObservableQuery<Data, Variables>) {
  query.subscribe({}); // the component stays on the page
  const ready = query.pipe(
    filter(({ networkStatus }) => networkStatus === NetworkStatus.ready),
    map(({ data }) => data as Data),
  );
  return () => firstValueFrom(ready);
}

const list = client.watchQuery({ query: ProductListDocument, variables: shelf });
const newest = watched(list);
await list.fetchMore({ variables: { after: cursor(await newest()) } });
const before = first(await newest());

const change = await client.mutate({
  mutation: VariantUpdateDocument,
  variables: repriced(before.variant, 1, before.version),
});
const after = first(await newest());

const refusal = await client.mutate({
  mutation: VariantUpdateDocument,
  variables: { input: { id: before.variant, title: "" } },
});
const kept = first(await newest());

for (const page of [1, 2, 1]) {
  await client.query({ query: ProductSearchDocument, variables: { search: "sku", page } });
}
const refetched = await client.query({ query: NodeRefetchDocument, variables: { id: before.id } });

const orders = client.watchQuery({ query: ProductOrdersDocument, variables: { id: ordered, first: 1 } });
const sold = watched(orders);
const { hasNextPage, endCursor } = (await sold()).product!.orderItems.pageInfo;
if (hasNextPage) await orders.fetchMore({ variables: { after: endCursor } });

console.log(
  JSON.stringify({
    asked,
    titles: glances(await newest()).map((glance) => glance.title),
    before,
    after,
    kept,
    changed: refusals(change.data!),
    refused: refusals(refusal.data!),
    refetched: identity(refetched.data!),
    lines: lines(await sold()),
  }),
);
client.stop();
