// From the root of the repository: eslint --config tests/clients/eslint.config.mjs schema tests/clients/documents
import graphql from "@graphql-eslint/eslint-plugin";

const recommended = (name) => graphql.configs[`flat/${name}`].rules;

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser },
    plugins: { "@graphql-eslint": graphql },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
  {
    files: ["schema/*.graphql"],
    rules: {
      ...recommended("schema-recommended"),
      ...recommended("schema-relay"),
      // Lists that cannot grow are plain lists.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            suffixes: ["Connection", "Edge", "Payload", "Result"],
            // Values: they are part of what holds them, or computed for who asks.
            types: [
              "Catalogue",
              "DeclaredEvent",
              "DocumentedOperation",
              "EventPreview",
              "FileBucket",
              "FileBuckets",
              "FileListing",
              "Money",
              "OrderDownload",
              "PageInfo",
              "Permissions",
              "SalesOverview",
              "SalesPeriod",
              "SalesWidget",
              "StoreAddress",
              "StoredFile",
              "StoreButtonTexts",
              "StoreCheckout",
              "UpgradeOffer",
              "UserCapabilities",
              "UserError",
              "VariantOption",
              "Viewer",
            ],
          },
        },
      ],
    },
  },
  {
    files: ["tests/clients/documents/*.graphql"],
    rules: recommended("operations-recommended"),
  },
];
