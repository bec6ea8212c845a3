// Apollo Client and urql that follow over a client of graphql-ws.
import { ApolloClient, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";

/** Beside the link of requests, by `ApolloLink.split` on `OperationTypeNode.SUBSCRIPTION`. */
export function apolloOver(sockets) {
  return new ApolloClient({ link: new GraphQLWsLink(sockets), cache: new InMemoryCache() });
}

export function urqlOver(sockets, url) {
  const forwardSubscription = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ query, variables }, sink) }),
  });
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription })],
  });
}
