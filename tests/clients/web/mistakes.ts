// What must not compile. A line that does is an error: the types would let a mistake through.
import { fragmentData } from "../generated/fragment-masking.js";
import { PriceFragmentDoc, type ProductPageQuery, type ProductPricesFragment } from "../generated/graphql.js";
import { repriced } from "./storefront.js";

// @ts-expect-error  Cents are a number
repriced("UHJvZHVjdFZhcmlhbnQ6Mg", "50.00", 1);

export function sum({ minPrice }: ProductPricesFragment): number {
  const { cents, formatted } = fragmentData(PriceFragmentDoc, minPrice);
  // @ts-expect-error  text for people is nothing to compute with
  return cents + formatted.cents;
}

export function title(page: ProductPageQuery): string {
  // @ts-expect-error  a product may be absent
  return page.product.excerpt;
}

export function soldOut({ stockAvailability }: ProductPricesFragment): boolean {
  // @ts-expect-error  no such value
  return stockAvailability === "SOLD_OUT";
}
