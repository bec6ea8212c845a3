// Follows a product by the reference clients of both protocols, and prints what they saw; a test says what that has to be.
import { gql } from "@apollo/client";
import { createClient as createStreams } from "graphql-sse";
import { createClient as createSockets } from "graphql-ws";
import WebSocket from "ws";
import { apolloOver, urqlOver } from "./links.mjs";

const url = process.env.STOREGRAPH_URL;
const Authorization = `Bearer ${process.env.STOREGRAPH_TOKEN}`;
const query = `subscription LivePrice($id: ID!, $after: Int) {
  productChanged(by: { id: $id }, after: $after) { position gone product { id title } }
}`;
const update = `mutation Retitle($input: ProductUpdateInput!) {
  productUpdate(input: $input) { userErrors { message } }
}`;
const id = process.env.STOREGRAPH_PRODUCT;

async function retitled(title) {
  const body = JSON.stringify({ query: update, variables: { input: { id, title } } });
  const headers = { Authorization, "Content-Type": "application/json" };
  const answer = await (await fetch(url, { method: "POST", headers, body })).json();
  if (answer.errors || answer.data.productUpdate.userErrors.length) throw new Error(JSON.stringify(answer));
}

async function followed(client, name) {
  const seen = [];
  const answers = client.iterate({ query, variables: { id } });
  for await (const { data, errors, extensions } of answers) {
    if (errors) throw new Error(JSON.stringify(errors));
    const { position, gone, product } = data.productChanged;
    if (extensions.position !== position) throw new Error("an answer says its position");
    if (seen.at(-1) !== product.title) seen.push(product.title);
    if (gone || seen.length === 3) break;
    await retitled(`${name} ${seen.length}`);
  }
  const refused = [];
  try {
    for await (const answer of client.iterate({ query: "subscription Nothing { nothing }" })) {
      refused.push(...(answer.errors ?? []));
      break;
    }
  } catch (errors) {
    refused.push(...errors);
  }
  await client.dispose();
  return { seen: seen.slice(1), refused: refused.map((error) => error.extensions.code) };
}

/** By callbacks: `subscribe` is given what takes each answer. */
async function watched(subscribe, name) {
  const seen = [];
  await new Promise((resolve, reject) => {
    const following = subscribe(({ data, error }) => {
      if (seen.length === 3) return;
      if (error) return reject(error);
      const { title } = data.productChanged.product;
      if (seen.at(-1) !== title) seen.push(title);
      if (seen.length === 3) {
        following.unsubscribe(); // or it goes on, and retitles what others follow
        return resolve();
      }
      retitled(`${name} ${seen.length}`).catch(reject);
    });
  });
  return seen.slice(1);
}

const opened = () =>
  createSockets({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization },
    retryAttempts: 0,
  });
const sockets = opened();
const streams = createStreams({ url, headers: { Authorization }, retryAttempts: 0 });
const saw = { ws: await followed(sockets, "Socket"), sse: await followed(streams, "Stream") };
const apollo = apolloOver(opened());
saw.apollo = await watched((next) => apollo.subscribe({ query: gql(query), variables: { id } }).subscribe({ next }), "Apollo");
const urql = urqlOver(opened(), url);
saw.urql = await watched((next) => urql.subscription(query, { id }).subscribe(next), "urql");

const denied = createSockets({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { Authorization: "Bearer no-such-token" },
  retryAttempts: 0,
});
const closed = await new Promise((resolve) =>
  denied.subscribe({ query, variables: { id } }, { next() {}, complete() {}, error: resolve }),
);
console.log(JSON.stringify({ ...saw, closed: closed.code }));
process.exit(0);
