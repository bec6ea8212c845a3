// What the programs of Apollo and urql share: the list they look at, and what of an answer they report.
import { strict as assert } from "node:assert";
import { fragmentData } from "../generated/fragment-masking.js";
import {
  OrderLineFragmentDoc,
  PriceFragmentDoc,
  ProductCardFragmentDoc,
  ProductPricesFragmentDoc,
  ProductShelfFragmentDoc,
  RefetchedFragmentDoc,
  VariantCardFragmentDoc,
  type NodeRefetchQuery,
  type ProductListQuery,
  type ProductListQueryVariables,
  type ProductOrdersQuery,
} from "../generated/graphql.js";

export const shelf: ProductListQueryVariables = { first: 3, sort: [{ field: "TITLE" }] };

export type Glance = { id: string; title: string; minPrice: number; variant: string; price: number; version: number };

/** Each product of a list, with the first of its variants. */
export function glances({ products }: ProductListQuery): Glance[] {
  return fragmentData(ProductShelfFragmentDoc, products!).edges.map((edge) => {
    const product = fragmentData(ProductCardFragmentDoc, edge.node);
    const [variant] = fragmentData(VariantCardFragmentDoc, edge.node.variants);
    assert(variant, `${product.title} has no variant`);
    const { minPrice } = fragmentData(ProductPricesFragmentDoc, product);
    return {
      id: product.id,
      title: product.title,
      minPrice: fragmentData(PriceFragmentDoc, minPrice).cents,
      variant: variant.id,
      price: fragmentData(PriceFragmentDoc, variant.price).cents,
      version: variant.version,
    };
  });
}

export function first(list: ProductListQuery): Glance {
  const [glance] = glances(list);
  assert(glance, "the list is empty");
  return glance;
}

export function cursor({ products }: ProductListQuery): string | null {
  return fragmentData(ProductShelfFragmentDoc, products!).pageInfo.endCursor ?? null;
}

export function lines({ product }: ProductOrdersQuery): string[] {
  return product!.orderItems.edges.map((edge) => fragmentData(OrderLineFragmentDoc, edge.node).id);
}

/** Undefined when the cache does not know that a product is a Node. */
export function identity({ node }: NodeRefetchQuery): string | undefined {
  return fragmentData(RefetchedFragmentDoc, node)?.id;
}
