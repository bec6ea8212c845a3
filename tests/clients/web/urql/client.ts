import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import introspection from "../../generated/introspection.json" with { type: "json" };

// What has no id is part of what holds it: money, pages of lists, payloads.
const values = introspection.__schema.types.filter(
  ({ kind, fields }) => kind === "OBJECT" && !fields?.some(({ name }) => name === "id"),
);

export function urqlClient(url: string, token: string, fetch = globalThis.fetch): Client {
  return new Client({
    url,
    fetch,
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        schema: introspection,
        keys: Object.fromEntries(values.map(({ name }) => [name, () => null])),
        // Pages that follow a cursor are joined into one list; every other argument makes a list of its own.
        resolvers: {
          Query: { products: relayPagination() },
          Product: { orderItems: relayPagination() },
        },
      }),
      fetchExchange,
    ],
  });
}
