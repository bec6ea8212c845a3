// Mercurius with graphql-jit, or graphql-yoga with graphql-jit (SERVER=yoga): resolvers written by hand that load in
// batches, named prepared statements of pg, one process. DRESSED=true: with tokens, rates, a log and bounds of a document,
// by the plugins that each of them has for it.
import pg from "pg";

// Moments as text, as the answer has them: no Date objects.
pg.types.setTypeParser(1184, (text) => text.replace(" ", "T").replace(/\+00$/, "+00:00"));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const port = Number(process.env.PORT);
const dressed = process.env.DRESSED ? await import("./dressed.mjs") : null;

const typeDefs = `
type ProductVariant { id: Int! productId: Int! sku: String! name: String! priceCents: Int! currency: String! stockQuantity: Int! isDefault: Boolean! licenseType: String! position: Int! updatedAt: String! }
type Category { id: Int! slug: String! name: String! }
type DownloadableFile { id: Int! productId: Int! name: String! url: String! sizeBytes: Int! version: String! }
type Product { id: Int! slug: String! name: String! status: String! sku: String! shortDescription: String! description: String! priceCents: Int! currency: String! rating: Float! reviewCount: Int! isFeatured: Boolean! createdAt: String! updatedAt: String!
  variants: [ProductVariant!]! categories: [Category!]! files: [DownloadableFile!]! }
type Query { products(limit: Int = 20, offset: Int = 0): [Product!]! product(id: Int!): Product }
type Mutation { updateVariantPrice(id: Int!, priceCents: Int!): ProductVariant }`;

const PRODUCT = `id, slug, name, status, sku, short_description as "shortDescription", description, price_cents as "priceCents", currency, rating, review_count as "reviewCount", is_featured as "isFeatured", created_at as "createdAt", updated_at as "updatedAt"`;
const VARIANT = `id, product_id as "productId", sku, name, price_cents as "priceCents", currency, stock_quantity as "stockQuantity", is_default as "isDefault", license_type as "licenseType", position`;

const rows = (name, text, values) => pool.query({ name, text, values }).then((result) => result.rows);
const grouped = (ids, found) => {
  const by = new Map(ids.map((id) => [id, []]));
  for (const row of found) by.get(row.productId).push(row);
  return ids.map((id) => by.get(id));
};
const batch = {
  variants: async (ids) => grouped(ids, await rows("v", `select ${VARIANT} from product_variant where product_id = any($1) order by product_id, position`, [ids])),
  categories: async (ids) => grouped(ids, await rows("c", `select l.product_id as "productId", c.id, c.slug, c.name from product_category l join category c on c.id = l.category_id where l.product_id = any($1) order by l.product_id, l.position`, [ids])),
  files: async (ids) => grouped(ids, await rows("f", `select id, product_id as "productId", name, url, size_bytes as "sizeBytes", version from downloadable_file where product_id = any($1) order by id`, [ids])),
};
const resolvers = {
  Query: {
    products: (_, { limit, offset }) => rows("ps", `select ${PRODUCT} from product where id > $2 order by id limit $1`, [limit, offset]),
    product: async (_, { id }) => (await rows("p", `select ${PRODUCT} from product where id = $1`, [id]))[0] ?? null,
  },
  Mutation: {
    updateVariantPrice: async (_, { id, priceCents }) =>
      (await rows("u", `update product_variant set price_cents = $2 where id = $1 returning ${VARIANT}`, [id, priceCents]))[0] ?? null,
  },
};

/** Yoga's plugins: a request without a token that is known is refused before its document is read by anybody. */
async function dressing({ HOUR, MAX_COST, MAX_DEPTH, logger, tokens }) {
  const { GraphQLError } = await import("graphql");
  const { RateLimiterMemory } = await import("rate-limiter-flexible");
  const { useGenericAuth } = await import("@envelop/generic-auth");
  const { costLimitPlugin } = await import("@escape.tech/graphql-armor-cost-limit");
  const { maxDepthPlugin } = await import("@escape.tech/graphql-armor-max-depth");
  const token = tokens(pool);
  const refused = (status, message, headers) => new GraphQLError(message, { extensions: { http: { status, headers } } });
  const limiters = new Map();
  const limiter = (hourly) => {
    if (!limiters.has(hourly)) limiters.set(hourly, new RateLimiterMemory({ points: hourly, duration: HOUR, keyPrefix: String(hourly) }));
    return limiters.get(hourly);
  };
  const BEGUN = Symbol("begun");
  return [
    {
      onRequest: ({ serverContext }) => {
        serverContext[BEGUN] = performance.now();
      },
      onResponse: ({ serverContext, response }) => {
        const { method, url } = serverContext.req;
        logger.info({ method, path: url, status: response.status, token: serverContext.req.token?.id, ms: performance.now() - serverContext[BEGUN] }, "request");
      },
    },
    useGenericAuth({
      mode: "resolve-only",
      contextFieldName: "token",
      resolveUserFn: async (context) => {
        const given = context.req.headers.authorization;
        const found = given?.startsWith("Bearer ") ? await token(given.slice(7)) : undefined;
        if (found === undefined) throw refused(401, "Send a token");
        try {
          await limiter(found.hourly).consume(found.id);
        } catch (exceeded) {
          if (exceeded instanceof Error) throw exceeded;
          throw refused(429, "Too many requests", { "retry-after": String(Math.ceil(exceeded.msBeforeNext / 1000)) });
        }
        context.req.token = found;
        return found;
      },
    }),
    maxDepthPlugin({ n: MAX_DEPTH }),
    costLimitPlugin({ maxCost: MAX_COST }),
  ];
}

if (process.env.SERVER === "yoga") {
  const { createYoga, createSchema } = await import("graphql-yoga");
  const { useGraphQlJit } = await import("@envelop/graphql-jit");
  const { createServer } = await import("node:http");
  class Loader {
    constructor(load) {
      this.loading = load;
      this.waiting = null;
    }
    load(id) {
      if (this.waiting === null) {
        const waiting = (this.waiting = []);
        queueMicrotask(() => {
          this.waiting = null;
          this.loading(waiting.map(([key]) => key)).then(
            (found) => waiting.forEach(([, done], place) => done(found[place])),
            (error) => waiting.forEach(([, , failed]) => failed(error)),
          );
        });
      }
      return new Promise((done, failed) => this.waiting.push([id, done, failed]));
    }
  }
  const loaded = (name) => (product, _, context) => context.loaders[name].load(product.id);
  const Product = Object.fromEntries(Object.keys(batch).map((name) => [name, loaded(name)]));
  const yoga = createYoga({
    schema: createSchema({ typeDefs, resolvers: { ...resolvers, Product } }),
    logging: false,
    graphiql: false,
    context: () => ({ loaders: Object.fromEntries(Object.entries(batch).map(([name, load]) => [name, new Loader(load)])) }),
    plugins: [...(dressed === null ? [] : await dressing(dressed)), useGraphQlJit()],
  });
  createServer(yoga).listen(port, "127.0.0.1");
} else {
  const { default: Fastify } = await import("fastify");
  const { default: mercurius } = await import("mercurius");
  const app = Fastify(dressed === null ? { logger: false } : { loggerInstance: dressed.logger, disableRequestLogging: true });
  const loader = (load) => ({ loader: async (queries) => load(queries.map((query) => query.obj.id)), opts: { cache: false } });
  const Product = Object.fromEntries(Object.entries(batch).map(([name, load]) => [name, loader(load)]));
  let bounds = {};
  if (dressed !== null) {
    const { costLimitRule } = await import("@escape.tech/graphql-armor-cost-limit");
    await dressed.dress(app, dressed.tokens(pool));
    bounds = { queryDepth: dressed.MAX_DEPTH, validationRules: [costLimitRule({ maxCost: dressed.MAX_COST })] };
  }
  app.register(mercurius, { schema: typeDefs, resolvers, loaders: { Product }, jit: 1, path: "/graphql", graphiql: false, ...bounds });
  await app.listen({ port, host: "127.0.0.1" });
}
