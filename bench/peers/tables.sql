-- The tables of the other servers: as many rows as storegraph's, of the same values, as somebody would have made them
-- for these servers alone. A change of a price does what storegraph's does: it raises the variant's version, works out
-- the product's least and greatest price, and writes what happened into an outbox, in one transaction.
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public;
DROP SCHEMA IF EXISTS private CASCADE;
CREATE SCHEMA private; -- which PostGraphile makes no fields of
CREATE TABLE private.access_token (
  id integer PRIMARY KEY, name text NOT NULL, secret_hash text NOT NULL UNIQUE, hourly integer NOT NULL);
CREATE TABLE product (
  id integer PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, status text NOT NULL,
  sku text NOT NULL, short_description text NOT NULL, description text NOT NULL,
  price_cents integer NOT NULL, currency text NOT NULL, rating double precision NOT NULL,
  review_count integer NOT NULL, is_featured boolean NOT NULL,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
  min_price integer, max_price integer);
CREATE TABLE product_variant (
  id integer PRIMARY KEY, product_id integer NOT NULL REFERENCES product(id),
  sku text NOT NULL, name text NOT NULL, price_cents integer NOT NULL, currency text NOT NULL,
  stock_quantity integer NOT NULL, is_default boolean NOT NULL, license_type text NOT NULL,
  position integer NOT NULL, updated_at timestamptz NOT NULL, version integer NOT NULL DEFAULT 1);
CREATE INDEX ON product_variant(product_id, position);
CREATE TABLE category (id integer PRIMARY KEY, slug text NOT NULL, name text NOT NULL);
CREATE TABLE product_category (
  product_id integer NOT NULL REFERENCES product(id), category_id integer NOT NULL REFERENCES category(id),
  position integer NOT NULL, PRIMARY KEY(product_id, category_id));
CREATE INDEX ON product_category(category_id);
CREATE TABLE downloadable_file (
  id integer PRIMARY KEY, product_id integer NOT NULL REFERENCES product(id), name text NOT NULL,
  url text NOT NULL, size_bytes integer NOT NULL, version text NOT NULL);
CREATE INDEX ON downloadable_file(product_id);
CREATE TABLE outbox (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, entity text NOT NULL, version integer,
  payload jsonb NOT NULL, occurred_at timestamptz NOT NULL DEFAULT now());

CREATE FUNCTION priced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE product SET (min_price, max_price) =
    (SELECT min(price_cents), max(price_cents) FROM product_variant WHERE product_id = NEW.product_id)
    WHERE id = NEW.product_id;
  INSERT INTO outbox (name, entity, version, payload)
    VALUES ('variant.updated', 'ProductVariant:' || NEW.id, NEW.version, jsonb_build_object('price', NEW.price_cents));
  RETURN NEW;
END $$;
CREATE FUNCTION versioned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER versioned BEFORE UPDATE ON product_variant FOR EACH ROW EXECUTE FUNCTION versioned();
CREATE TRIGGER priced AFTER UPDATE OF price_cents ON product_variant FOR EACH ROW EXECUTE FUNCTION priced();
