// PostGraphile 5: the amber preset, lists instead of connections, grafserv on Node's own HTTP server, one process.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], poolConfig: { max: 16 } })],
  schema: { defaultBehavior: "+list -connection" },
  grafast: { explain: false },
  grafserv: { port: Number(process.env.PORT), graphiql: false, watch: false, graphqlOverGET: false, graphqlPath: "/graphql" },
};
const serving = postgraphile(preset).createServ(grafserv);
const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await serving.addTo(server);
server.listen(preset.grafserv.port, "127.0.0.1");
