import { Environment, Network, RecordSource, Store, type FetchFunction } from "relay-runtime";

export function relayEnvironment(url: string, token: string, fetch = globalThis.fetch): Environment {
  const ask: FetchFunction = async ({ name, text }, variables) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ operationName: name, query: text, variables }),
    });
    return response.json();
  };
  return new Environment({ network: Network.create(ask), store: new Store(new RecordSource()) });
}
