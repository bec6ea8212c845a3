// Starts GraphiQL with the configuration the page carries. React, GraphiQL and the explorer are globals by now: their
// scripts are deferred and stand before this module.

import { Authorization, withAuthorization } from "./authorization.js";
import { followed, isSubscription } from "./following.js";
import { Keep, available, openTabs } from "./keep.js";
import { explained, planPlugin } from "./plan.js";

const { createElement, useEffect } = React;
const { useEditorContext, usePluginStore, useSchemaStore } = GraphiQL.React;

const configuration = JSON.parse(document.getElementById("configuration").textContent);
const { endpoint, title, token, documents } = configuration;

// The dialogs' scroll lock inserts a <style>: with the page's nonce the policy accepts it and needs no 'unsafe-inline'.
globalThis.__webpack_nonce__ = document.querySelector("script[nonce]").nonce;

const prefix = `storegraph ${endpoint} `;
const authorization = new Authorization(
  available("sessionStorage"),
  `${prefix}authorization`,
  token === null ? null : `Bearer ${token}`,
);
const keep = new Keep(available("localStorage"), prefix, authorization);
openTabs(keep, documents, authorization.value);

const explorer = GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false });
const send = GraphiQL.createFetcher({ url: endpoint, fetch: fetchAnswer });

/** Says what came instead when a proxy answers with a page; JSON.parse would only name a character. */
async function fetchAnswer(url, request) {
  const response = await fetch(url, request);
  const type = response.headers.get("content-type") ?? "no content type";
  if (!/json|multipart|event-stream/.test(type)) {
    throw new Error(`The server answered ${response.status} with ${type} where JSON was expected.`);
  }
  return response;
}

/** GraphiQL asks for the schema before its header editor exists, so that one request comes without headers. */
function fetcher(parameters, options) {
  const headers = options?.headers ?? (authorization.value === null ? {} : { Authorization: authorization.value });
  if (isSubscription(options?.documentAST, parameters.operationName)) {
    return followed(endpoint, parameters, headers, fetchAnswer);
  }
  return explained(parameters, (asked) => send(asked, { ...options, headers }));
}

/** Shows the page's one Authorization in every tab, and asks for a schema that was refused again when a token comes. */
function AuthorizationInEveryTab() {
  const { headerEditor } = useEditorContext({ nonNull: true });
  const { schema, introspect } = useSchemaStore();

  useEffect(() => {
    if (!headerEditor) {
      return undefined;
    }
    let waiting;
    const onChange = (editor, change) => {
      // setValue is GraphiQL opening a tab or a piece of history; anything else is the reader typing.
      if (change.origin === "setValue") {
        const text = editor.getValue();
        const shown = withAuthorization(text, authorization.value);
        if (shown !== text) {
          editor.setValue(shown);
        }
      } else if (authorization.take(editor.getValue()) && !schema) {
        clearTimeout(waiting);
        waiting = setTimeout(introspect, 800); // longer than a pause between two keys
      }
    };
    headerEditor.on("change", onChange);
    return () => {
      clearTimeout(waiting);
      headerEditor.off("change", onChange);
    };
  }, [headerEditor, schema, introspect]);

  return null;
}

/** Opens the panel of the last visit; at the first one the explorer, where it leaves the editors their room. */
function PanelOfLastVisit() {
  const ready = usePluginStore().plugins.length > 0;

  useEffect(() => {
    const title = keep.getItem("panel") ?? (window.innerWidth >= 1200 ? explorer.title : "none");
    // Through the sidebar's button: GraphiQL's `visiblePlugin` marks the panel as open and leaves it at no width.
    const button = [...document.querySelectorAll(".graphiql-sidebar button")].find(
      (each) => each.getAttribute("aria-label") === `Show ${title}`,
    );
    button?.click();
  }, [ready]);

  return null;
}

const root = document.getElementById("graphiql");
const known = authorization.value !== null;

ReactDOM.createRoot(root).render(
  createElement(
    GraphiQL,
    {
      fetcher,
      plugins: [explorer, planPlugin],
      onTogglePluginVisibility: (plugin) => keep.note("panel", plugin?.title ?? "none"),
      storage: keep,
      defaultHeaders: withAuthorization("", authorization.value),
      defaultQuery: "",
      // Without a token the first thing a reader needs is the place to put one.
      defaultEditorToolsVisibility: known ? true : "headers",
      // undefined, not false: false takes the switch out of the settings.
      shouldPersistHeaders: keep.persistsHeaders || undefined,
      inputValueDeprecation: true,
      schemaDescription: true,
    },
    createElement(GraphiQL.Logo, null, title),
    createElement(AuthorizationInEveryTab),
    createElement(PanelOfLastVisit),
  ),
);
