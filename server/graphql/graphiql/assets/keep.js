// What the page remembers between visits: GraphiQL's own state, under a name of this endpoint and without secrets.

import { withAuthorization, withoutAuthorization } from "./authorization.js";

/** localStorage or sessionStorage, null where the browser forbids it (some private modes throw on the mere access). */
export function available(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

/**
 * A Storage for GraphiQL over localStorage. Every key gets a prefix, because on localhost many GraphiQL pages share an
 * origin. No Authorization header is written: GraphiQL's tab state and its history both carry headers, the history even
 * with "Persist headers" switched off.
 */
export class Keep {
  #memory = new Map();
  #disk;
  #prefix;
  #authorization;

  constructor(disk, prefix, authorization) {
    this.#disk = disk;
    this.#prefix = prefix;
    this.#authorization = authorization;
    for (const key of this.#onDisk()) {
      this.#memory.set(key.slice(prefix.length), disk.getItem(key));
    }
  }

  get length() {
    return this.#memory.size;
  }

  /** Whether headers outlive a reload: "Persist headers" in GraphiQL's settings, on until the reader says no. */
  get persistsHeaders() {
    return this.getItem("graphiql:shouldPersistHeaders") !== "false";
  }

  getItem(key) {
    return this.#memory.get(key) ?? null;
  }

  setItem(key, value) {
    this.#memory.set(key, value);
    // A quota error is GraphiQL's to handle: it shortens its history and tries again.
    this.#disk?.setItem(this.#prefix + key, withoutSecrets(key, value));
    this.#authorization.remember(this.persistsHeaders);
  }

  /** Sets what this visit needs in any case and the next one may do without; an empty value removes it. */
  note(key, value) {
    try {
      value ? this.setItem(key, value) : this.removeItem(key);
    } catch {
      // Over quota: it is in memory.
    }
  }

  removeItem(key) {
    this.#memory.delete(key);
    this.#disk?.removeItem(this.#prefix + key);
  }

  /** "Clear data" of GraphiQL's settings. Which examples were seen stays known, or a reload would open them twice. */
  clear() {
    for (const key of [...this.#memory.keys()].filter((each) => each !== "examples")) {
      this.removeItem(key);
    }
    this.#authorization.forget();
  }

  #onDisk() {
    return this.#disk === null ? [] : Object.keys(this.#disk).filter((key) => key.startsWith(this.#prefix));
  }
}

function withoutSecrets(key, value) {
  if (key === "graphiql:headers") {
    return withoutAuthorization(value);
  }
  const strip = (name, part) => (name === "headers" && typeof part === "string" ? withoutAuthorization(part) : part);
  try {
    return JSON.stringify(JSON.parse(value, strip));
  } catch {
    return value;
  }
}

/**
 * Writes the tabs GraphiQL will open: those of the last visit, and the examples this browser has not seen yet.
 *
 * GraphiQL's own `defaultTabs` are not enough. It leaves the first tab's variables out of their editor, and on a reload
 * it compares the active tab with the separately kept query, variables and headers and opens one tab more where they
 * differ.
 */
export function openTabs(keep, documents, authorization) {
  // GraphiQL looks for the active tab by its contents, and leaves the headers out when it does not persist them.
  const headersOf = (each) => (keep.persistsHeaders ? withAuthorization(each.headers, authorization) : null);
  const state = storedTabs(keep);
  const seen = storedNames(keep);
  const fresh = documents.filter(({ name }) => !seen.includes(name)).map(tab);
  const tabs = [...state.tabs, ...fresh].map((each) => ({ ...each, headers: headersOf(each) }));
  const activeTabIndex = Math.min(Math.max(state.activeTabIndex, 0), tabs.length - 1);
  const active = tabs[activeTabIndex];
  keep.note("graphiql:tabState", JSON.stringify({ tabs, activeTabIndex }));
  for (const part of ["query", "variables", "headers"]) {
    keep.note(`graphiql:${part}`, active[part] ?? "");
  }
  keep.note("examples", JSON.stringify([...new Set([...seen, ...documents.map(({ name }) => name)])]));
}

function tab({ name, text, variables, headers }) {
  return {
    id: crypto.getRandomValues(new Uint32Array(2)).join("-"),
    title: name,
    query: text,
    variables: variables && JSON.stringify(variables, null, 2),
    headers: headers && JSON.stringify(headers, null, 2),
    operationName: null,
    response: null,
  };
}

function storedTabs(keep) {
  try {
    const state = JSON.parse(keep.getItem("graphiql:tabState"));
    if (Array.isArray(state.tabs) && state.tabs.length && Number.isInteger(state.activeTabIndex)) {
      return state;
    }
  } catch {
    // Nothing kept, or nothing readable: start with the examples.
  }
  keep.removeItem("examples");
  return { tabs: [], activeTabIndex: 0 };
}

function storedNames(keep) {
  try {
    const names = JSON.parse(keep.getItem("examples"));
    return Array.isArray(names) ? names : [];
  } catch {
    return [];
  }
}
