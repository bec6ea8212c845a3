// Shops with Relay's runtime at a real gateway and prints what it saw; a test says what that has to be.
// Components would use react-relay's hooks; these are the calls beneath them.
import {
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
  getSelector,
  type PayloadError,
  type ReaderFragment,
  type SingularReaderSelector,
} from "relay-runtime";
import { asked, counted, token, uri } from "../asking.cjs";
import shelfCardQuery, { type shelfCardQuery as ShelfCardQuery } from "./__generated__/shelfCardQuery.graphql";
import shelfPageQuery, { type shelfPageQuery as ShelfPageQuery } from "./__generated__/shelfPageQuery.graphql";
import shelfQuery, { type shelfQuery as ShelfQuery } from "./__generated__/shelfQuery.graphql";
import shelfUpdateMutation, {
  type shelfUpdateMutation as ShelfUpdateMutation,
} from "./__generated__/shelfUpdateMutation.graphql";
import shelf_card, { type shelf_card$data } from "./__generated__/shelf_card.graphql";
import shelf_products, { type shelf_products$data } from "./__generated__/shelf_products.graphql";
import { relayEnvironment } from "./environment";

const environment = relayEnvironment(uri, token, counted);
const shelf = createOperationDescriptor(getRequest(shelfQuery), { first: 3 });

/** A fragment's data out of the store, without asking anybody. */
function read<Data>(fragment: ReaderFragment, reference: unknown): Data {
  return environment.lookup(getSelector(fragment, reference) as SingularReaderSelector).data as Data;
}

const products = () => read<shelf_products$data>(shelf_products, environment.lookup(shelf.fragment).data).products!;

function first() {
  const [edge] = products().edges;
  const card = read<shelf_card$data>(shelf_card, edge!.node);
  const [variant] = card.variants;
  return {
    id: card.id,
    title: card.title,
    minPrice: card.minPrice.cents,
    variant: variant!.id,
    price: variant!.price.cents,
    version: variant!.version,
  };
}

function update(input: ShelfUpdateMutation["variables"]["input"]): Promise<Record<string, string>> {
  return new Promise((resolve, reject) =>
    commitMutation<ShelfUpdateMutation>(environment, {
      mutation: shelfUpdateMutation,
      variables: { input },
      onCompleted: ({ variantUpdate }, errors: readonly PayloadError[] | null | undefined) => {
        if (errors?.length) return reject(new Error(errors[0]!.message));
        const userErrors = variantUpdate!.userErrors.map(({ field, message }) => [field!.join("."), message]);
        resolve(Object.fromEntries(userErrors) as Record<string, string>);
      },
      onError: reject,
    }),
  );
}

async function walk() {
  await fetchQuery<ShelfQuery>(environment, shelfQuery, { first: 3 }).toPromise();
  environment.retain(shelf);
  const after = products().pageInfo.endCursor;
  await fetchQuery<ShelfPageQuery>(environment, shelfPageQuery, { first: 3, after }).toPromise();

  const before = first();
  const changed = await update({ id: before.variant, price: 1, expectedVersion: before.version });
  const now = first();
  const refused = await update({ id: before.variant, title: "" });
  const kept = first();
  const again = await fetchQuery<ShelfCardQuery>(environment, shelfCardQuery, { id: before.id }).toPromise();
  const refetched = read<shelf_card$data>(shelf_card, again!.node).id;

  const titles = products().edges.map(({ node }) => node.title);
  console.log(JSON.stringify({ asked, titles, before, after: now, kept, changed, refused, refetched }));
}

void walk();
