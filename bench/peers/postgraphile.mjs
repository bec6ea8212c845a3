// PostGraphile 5: the amber preset, lists instead of connections, one process; grafserv on Node's own HTTP server, or
// dressed (DRESSED=true) on Fastify with its plugins for tokens and rates, and rules that bound a document.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const port = Number(process.env.PORT);
const preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: 16 } })],
  schema: { defaultBehavior: "+list -connection" },
  grafast: { explain: false },
  grafserv: { port, graphiql: false, watch: false, graphqlOverGET: false, graphqlPath: "/graphql" },
};

if (process.env.DRESSED) {
  const { default: Fastify } = await import("fastify");
  const { default: pg } = await import("pg");
  const { grafserv } = await import("postgraphile/grafserv/fastify/v5");
  const { depthLimit } = await import("@graphile/depth-limit");
  const { costLimitRule } = await import("@escape.tech/graphql-armor-cost-limit");
  const { MAX_COST, MAX_DEPTH, dress, logger, tokens } = await import("./dressed.mjs");
  const rules = {
    name: "BoundsPlugin",
    version: "1.0.0",
    grafserv: {
      middleware: {
        setPreset(next, event) {
          event.validationRules.push(depthLimit({ maxDepth: MAX_DEPTH, maxListDepth: 4 }), costLimitRule({ maxCost: MAX_COST }));
          return next();
        },
      },
    },
  };
  const app = Fastify({ loggerInstance: logger, disableRequestLogging: true });
  await dress(app, tokens(new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 })));
  await postgraphile({ ...preset, plugins: [rules] }).createServ(grafserv).addTo(app);
  await app.listen({ port, host: "127.0.0.1" });
} else {
  const { grafserv } = await import("postgraphile/grafserv/node");
  const server = createServer();
  server.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(port, "127.0.0.1");
}
