// The pane that shows how an answer came about: while it is open, requests ask for `extensions.plan`.

const { createElement, useEffect, useSyncExternalStore } = React;

const TITLE = "Plan";
const listeners = new Set();
let shown = { asked: false, plan: null };
let open = false;

function show(next) {
  shown = next;
  listeners.forEach((listener) => listener());
}

/** Sends a request by `send`, while the pane is open with the question for its plan. GraphiQL's own asks for nothing. */
export async function explained(parameters, send) {
  if (!open || parameters.operationName === "IntrospectionQuery") {
    return send(parameters);
  }
  return told(await send({ ...parameters, extensions: { ...parameters.extensions, plan: true } }));
}

/** The answers as they would be without the question: their plan goes to the pane. */
async function* told(answers) {
  for await (const answer of answers) {
    const { extensions, ...rest } = answer;
    const { plan, ...others } = extensions ?? {};
    show({ asked: true, plan: plan ?? null });
    yield Object.keys(others).length > 0 ? { ...rest, extensions: others } : rest;
  }
}

const rounded = (milliseconds) => `${milliseconds.toFixed(1)} ms`;
const counted = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

const EXECUTORS = {
  plan: "By its plan: each field once for all its parents.",
  standard: "Field by field, in graphql-core: this document has no plan.",
  again: "Begun by its plan, and told to its end by graphql-core: something unusual came up.",
};

function Statement({ statement }) {
  return createElement(
    "details",
    { className: "plan-statement" },
    createElement("summary", null, `${counted(statement.rows, "row")}, ${rounded(statement.milliseconds)}`),
    createElement("pre", null, statement.sql),
  );
}

function Step({ step, most }) {
  return createElement(
    "li",
    null,
    createElement(
      "div",
      { className: "plan-step" },
      createElement("strong", null, step.field),
      createElement("span", null, `${step.step} for ${counted(step.parents, "parent")}`),
      createElement("span", { className: "plan-time" }, rounded(step.milliseconds)),
    ),
    createElement("meter", { min: 0, max: most, value: step.milliseconds, title: rounded(step.milliseconds) }),
    step.statements.map((statement, index) => createElement(Statement, { key: index, statement })),
    step.steps.length > 0 && createElement(Steps, { steps: step.steps, most }),
  );
}

function Steps({ steps, most }) {
  return createElement(
    "ol",
    { className: "plan-steps" },
    steps.map((step, index) => createElement(Step, { key: index, step, most })),
  );
}

function said({ asked, plan }) {
  if (!asked) {
    return createElement("p", null, "Run a document: what was looked up for its answer is shown here, with SQL, rows and times.");
  }
  if (plan === null) {
    return createElement("p", null, "The answer came without a plan: it is shown in demo mode, and to whoever has is_super_admin.");
  }
  const most = Math.max(0.1, ...plan.steps.map((step) => step.milliseconds));
  return [
    createElement("p", { key: "executor" }, EXECUTORS[plan.executor]),
    createElement(Steps, { key: "steps", steps: plan.steps, most }),
  ];
}

function Pane() {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );

  useEffect(() => {
    open = true;
    return () => {
      open = false;
      show({ asked: false, plan: null });
    };
  }, []);

  return createElement(
    "section",
    { className: "plan-pane", "aria-label": TITLE },
    createElement("div", { className: "graphiql-doc-explorer-title" }, TITLE),
    said(current),
  );
}

function Icon() {
  return createElement(
    "svg",
    { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", strokeWidth: 1.5, "aria-hidden": true },
    createElement("path", { d: "M4 5h9M4 12h14M8 19h12" }),
  );
}

export const planPlugin = { title: TITLE, icon: Icon, content: Pane };
