// One Authorization value for the whole page.
//
// GraphiQL keeps headers per tab, so a reader who pastes a token in one tab would meet "unauthenticated" in the next
// example. Here every tab shows the same Authorization, and each keeps its other headers to itself.
//
// The value lives in sessionStorage: it survives a reload and is gone when the browser tab closes. localStorage, where
// GraphiQL would put it, keeps a secret on the disk for as long as nobody thinks of it.

const NAME = "Authorization";

/** The headers as an object, {} for an empty editor, null for text that is not (yet) a JSON object. */
function parse(text) {
  if (!text || !text.trim()) {
    return {};
  }
  try {
    const headers = JSON.parse(text);
    return headers && typeof headers === "object" && !Array.isArray(headers) ? headers : null;
  } catch {
    return null;
  }
}

function nameIn(headers) {
  return Object.keys(headers).find((name) => name.toLowerCase() === NAME.toLowerCase());
}

/** `text` with its Authorization replaced by `value`, or without one for null. Half-typed JSON stays as it is. */
export function withAuthorization(text, value) {
  const headers = parse(text);
  if (headers === null) {
    return text;
  }
  const name = nameIn(headers);
  if ((name === undefined ? null : headers[name]) === value) {
    return text ?? "";
  }
  if (value === null) {
    delete headers[name];
  } else {
    headers[name ?? NAME] = value;
  }
  return Object.keys(headers).length ? JSON.stringify(headers, null, 2) : "";
}

/** What may be written to the disk. Half-typed JSON may contain half a token: nothing of it is kept. */
export function withoutAuthorization(text) {
  return parse(text) === null ? "" : withAuthorization(text, null);
}

export class Authorization {
  #storage;
  #key;
  #preset;
  #remembered = true;

  /** `preset` is the value the server offers (demo mode) or null; `storage` may be null when the browser forbids it. */
  constructor(storage, key, preset) {
    this.#storage = storage;
    this.#key = key;
    this.#preset = preset;
    this.value = this.#restore();
    this.#save();
  }

  /** Takes over what the reader wrote into the header editor and says whether it is new; half-typed JSON is not. */
  take(text) {
    const headers = parse(text);
    if (headers === null) {
      return false;
    }
    const name = nameIn(headers);
    const value = name === undefined ? null : headers[name];
    const changed = value !== this.value;
    this.value = value;
    this.#save();
    return changed;
  }

  /** Whether the value outlives a reload from now on. */
  remember(wanted) {
    if (wanted !== this.#remembered) {
      this.#remembered = wanted;
      wanted ? this.#save() : this.forget();
    }
  }

  forget() {
    this.#storage?.removeItem(this.#key);
  }

  #restore() {
    let kept = null;
    try {
      kept = JSON.parse(this.#storage?.getItem(this.#key) ?? "null");
    } catch {
      // Not ours or from an older version: as good as nothing.
    }
    if (kept === null) {
      return this.#preset;
    }
    // A demo server gives a new token at each start; a kept old one would be refused for no reason the reader can see.
    // What the reader wrote, or removed, is the reader's and stays.
    const untouched = kept.value === kept.preset;
    return untouched ? this.#preset : kept.value;
  }

  #save() {
    if (!this.#remembered) {
      return;
    }
    try {
      this.#storage?.setItem(this.#key, JSON.stringify({ value: this.value, preset: this.#preset }));
    } catch {
      // A full or forbidden storage costs the memory across reloads, not the page.
    }
  }
}
