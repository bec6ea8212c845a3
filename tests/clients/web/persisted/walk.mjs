// Asks the same question several times by its hash, as Apollo Client and urql do, and prints what went over the line.
import { createHash } from "node:crypto";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { Client, fetchExchange } from "@urql/core";

const uri = process.env.STOREGRAPH_URL;
const sent = [];
const texts = {};

/** Notes each request: its method, and whether it carried a hash or an id, and the document. */
async function noted(input, init) {
  const url = new URL(input);
  const body = init.method === "GET" ? Object.fromEntries(url.searchParams) : JSON.parse(init.body);
  const extensions = typeof body.extensions === "string" ? JSON.parse(body.extensions) : body.extensions;
  const hash = extensions?.persistedQuery?.sha256Hash;
  if (hash && body.query) texts[hash] = body.query;
  const parts = [hash && "hash", body.documentId && "id", body.query && "document"].filter(Boolean);
  const response = await fetch(input, init);
  sent.push([init.method, parts.join("+"), response.status]);
  return response;
}

async function outcome(asked) {
  try {
    const { data, error } = await asked;
    return data ? data.products.nodes.map((node) => node.title) : error.message;
  } catch (error) {
    return error.message;
  }
}

const query = gql`
  query Titles($first: Int!) {
    products(first: $first, sort: [{ field: TITLE }]) {
      nodes {
        id
        title
      }
    }
  }
`;
const apollo = new ApolloClient({
  link: new PersistedQueryLink({
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    useGETForHashedQueries: true,
  }).concat(new HttpLink({ uri, fetch: noted })),
  cache: new InMemoryCache(),
});
const answers = [];
for (const first of [1, 2, 1]) {
  answers.push(await outcome(apollo.query({ query, variables: { first }, fetchPolicy: "network-only" })));
}
apollo.stop();

const id = process.env.STOREGRAPH_DOCUMENT;
if (id) {
  const urql = new Client({ url: uri, exchanges: [fetchExchange], fetch: noted, preferGetMethod: false });
  const named = { kind: "Document", definitions: [], documentId: id };
  answers.push(await outcome(urql.query(named, { first: 1 }).toPromise()));
}

console.log(JSON.stringify({ sent, answers, texts }));
