// How the programs reach the gateway, and which of their operations do.

export const uri = process.env.STOREGRAPH_URL ?? "http://127.0.0.1:8000/graphql";
export const token = process.env.STOREGRAPH_TOKEN ?? "";
/** A product that was ordered. */
export const ordered = process.env.STOREGRAPH_PRODUCT ?? "";

/** The names of the operations that reached the network. A cache that answers by itself adds none. */
export const asked: string[] = [];

export const counted: typeof globalThis.fetch = (input, init) => {
  const { operationName } = JSON.parse(String(init?.body)) as { operationName: string };
  asked.push(operationName);
  return globalThis.fetch(input, init);
};
