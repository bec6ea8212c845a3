import { graphql } from "relay-runtime";

export const query = graphql`
  query shelfQuery($first: Int!, $filter: ProductFilter) {
    ...shelf_products @arguments(first: $first, filter: $filter)
  }
`;

export const products = graphql`
  fragment shelf_products on Query
  @refetchable(queryName: "shelfPageQuery")
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 12 }
    after: { type: "String" }
    filter: { type: "ProductFilter" }
  ) {
    products(first: $first, after: $after, filter: $filter, sort: [{ field: TITLE }])
      @connection(key: "shelf_products") {
      edges {
        node {
          title
          ...shelf_card
        }
      }
      pageInfo {
        endCursor
      }
    }
  }
`;

export const card = graphql`
  fragment shelf_card on Product @refetchable(queryName: "shelfCardQuery") {
    id
    title
    minPrice {
      cents
      formatted
    }
    variants {
      id
      version
      price {
        cents
        formatted
      }
    }
  }
`;

export const update = graphql`
  mutation shelfUpdateMutation($input: VariantUpdateInput!) {
    variantUpdate(input: $input) {
      variant {
        version
        title
        price {
          cents
          formatted
        }
      }
      product {
        minPrice {
          cents
          formatted
        }
      }
      userErrors {
        message
        field
      }
    }
  }
`;
