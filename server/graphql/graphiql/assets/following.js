// Subscriptions, as Server-Sent Events: by `fetch`, since an EventSource sends no headers.

const TYPE = "text/event-stream";

/** Whether what is to be executed is a subscription. */
export function isSubscription(documentAST, operationName) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === "OperationDefinition") ?? [];
  const meant = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return meant?.operation === "subscription";
}

/** An observable of the answers; who unsubscribes closes the connection. `url` and `parameters` as for a request. */
export function followed(url, parameters, headers, fetchAnswer) {
  return {
    subscribe(observer) {
      const ending = new AbortController();
      follow(url, parameters, headers, fetchAnswer, ending.signal, observer).catch((error) => {
        if (!ending.signal.aborted) {
          observer.error(error);
        }
      });
      return { unsubscribe: () => ending.abort() };
    },
  };
}

async function follow(url, parameters, headers, fetchAnswer, signal, observer) {
  const response = await fetchAnswer(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: `${TYPE}, application/json;q=0.9`, ...headers },
    body: JSON.stringify(parameters),
    signal,
  });
  if (!response.headers.get("content-type").startsWith(TYPE)) {
    observer.next(await response.json()); // why it is refused
    observer.complete();
    return;
  }
  for await (const { event, data } of events(response.body.getReader())) {
    if (event === "complete") {
      observer.complete();
      return;
    }
    if (event === "next") {
      observer.next(JSON.parse(data));
    }
  }
  throw new Error("The server ended the connection, as it does when it restarts. Run the subscription again.");
}

async function* events(reader) {
  const decoder = new TextDecoder();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      // Lines without a name are comments, which keep the connection open.
      const fields = block.split("\n").map((line) => line.match(/^(\w+): ?(.*)$/)?.slice(1) ?? ["", ""]);
      yield Object.fromEntries(fields);
    }
  }
}
