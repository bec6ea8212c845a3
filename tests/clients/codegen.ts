import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: process.env.STOREGRAPH_URL ?? "http://127.0.0.1:8000/graphql",
  documents: "documents/**/*.graphql",
  emitLegacyCommonJSImports: false,
  generates: {
    "generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "fragmentData" } },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: {
          Cents: "number",
          CurrencyCode: "string",
          DateTime: "string",
          Decimal: "string",
          HTML: "string",
          JSON: "unknown",
          Upload: "File",
          URL: "string",
        },
      },
    },
    // For Apollo: which types implement Node and Payload.
    "generated/possible-types.ts": { plugins: ["fragment-matcher"] },
    // For urql: which types there are, and which of them have an id.
    "generated/introspection.json": { plugins: ["introspection"], config: { minify: true, descriptions: false } },
  },
};

export default config;
