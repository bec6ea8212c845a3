import { fragmentData, type FragmentType } from "../generated/fragment-masking.js";
import {
  PriceFragmentDoc,
  ProductCardFragmentDoc,
  ProductPricesFragmentDoc,
  ProductShelfFragmentDoc,
  RefusalsFragmentDoc,
  type ProductPageQuery,
  type VariantUpdateMutation,
  type VariantUpdateMutationVariables,
} from "../generated/graphql.js";

/** A product as a list shows it: its name and what it costs. */
export function card(masked: FragmentType<typeof ProductCardFragmentDoc>): string {
  const product = fragmentData(ProductCardFragmentDoc, masked);
  const prices = fragmentData(ProductPricesFragmentDoc, product);
  if (prices.stockAvailability === "OUT_OF_STOCK") return `${product.title}, sold out`;
  const price = fragmentData(PriceFragmentDoc, prices.minPrice).formatted;
  return `${product.title}, ${prices.hasPriceRange ? `from ${price}` : price}`;
}

/** What is absent, or hidden from the caller, is null. */
export function page({ product }: ProductPageQuery): string[] {
  if (!product) return ["Not found"];
  const related = fragmentData(ProductShelfFragmentDoc, product.relatedProducts);
  return [card(product), product.excerpt, ...(related?.edges ?? []).map((edge) => card(edge.node))];
}

/** An update names what it changes: absent leaves alone, null clears. */
export function repriced(id: string, cents: number, expectedVersion: number): VariantUpdateMutationVariables {
  return { input: { id, price: cents, expectedVersion } };
}

/** What the caller can mend, by the path of its input field. Nothing was written unless this is empty. */
export function refusals({ variantUpdate }: VariantUpdateMutation): Record<string, string> {
  const errors = fragmentData(RefusalsFragmentDoc, variantUpdate)?.userErrors ?? [];
  return Object.fromEntries(errors.map((error) => [error.field?.join(".") ?? "", error.message]));
}
