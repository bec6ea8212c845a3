// What the dressed servers have in common: whose token it is, by the database and a cache of it; a log in JSON, written in
// batches as storegraph's is; one bound of a document's cost. DRESSED=true in the environment asks for it.
import { createHash } from "node:crypto";
import bearerAuth from "@fastify/bearer-auth";
import rateLimit from "@fastify/rate-limit";
import { LRUCache } from "lru-cache";
import { pino } from "pino";

// armor's rule takes `first: 20` for twenty times what is inside: the page of 20 products costs some 1 500 by it.
export const MAX_COST = 5000;
export const MAX_DEPTH = 12;
export const HOUR = 3600;
const KEPT_MILLISECONDS = 5000; // as long as storegraph remembers a credential

export const logger = pino({ base: undefined }, pino.destination({ dest: 1, minLength: 4096, sync: false }));

/** A function of a secret: the row of its token, undefined for one that is not known. */
export function tokens(pool) {
  const kept = new LRUCache({ max: 1024, ttl: KEPT_MILLISECONDS });
  const asked = async (secret) => {
    const hash = createHash("sha256").update(secret).digest("hex");
    const { rows } = await pool.query({ name: "t", text: "select id, hourly from private.access_token where secret_hash = $1", values: [hash] });
    if (rows[0] !== undefined) kept.set(secret, rows[0]);
    return rows[0];
  };
  return (secret) => kept.get(secret) ?? asked(secret);
}

/** Fastify's own plugins on an application of it. */
export async function dress(app, token) {
  app.decorateRequest("token", null);
  await app.register(bearerAuth, {
    keys: new Set(),
    auth: async (secret, request) => (request.token = (await token(secret)) ?? null) !== null,
    verifyErrorLogLevel: "info",
  });
  await app.register(rateLimit, {
    timeWindow: HOUR * 1000,
    max: (request) => request.token.hourly,
    keyGenerator: (request) => request.token.id,
  });
  app.addHook("onResponse", (request, reply, done) => {
    request.log.info({ method: request.method, path: request.url, status: reply.statusCode, token: request.token?.id, ms: reply.elapsedTime }, "request");
    done();
  });
}

// What is still in the buffer is written when the server is told to end.
process.once("SIGTERM", () => {
  logger.flush(() => process.exit(0));
});
