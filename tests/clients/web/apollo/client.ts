import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import fragmentMatcher from "../../generated/possible-types.js";

export function apolloClient(uri: string, token: string, fetch = globalThis.fetch): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri, fetch, headers: { authorization: `Bearer ${token}` } }),
    cache: new InMemoryCache({
      possibleTypes: fragmentMatcher.possibleTypes,
      typePolicies: {
        // Pages that follow a cursor are joined into one list; every other argument makes a list of its own.
        Query: { fields: { products: relayStylePagination(["filter", "sort", "search", "page"]) } },
        Product: { fields: { orderItems: relayStylePagination(["filter", "sort", "page"]) } },
      },
    }),
  });
}
