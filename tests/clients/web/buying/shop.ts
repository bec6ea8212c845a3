// A shop's cart and checkout, for a visitor: what it shows is what the gateway says, in words and in sums.
import { strict as assert } from "node:assert";
import { Client, fetchExchange, type AnyVariables, type TypedDocumentNode } from "@urql/core";
import { fragmentData, type FragmentType } from "../../generated/fragment-masking.js";
import {
  BuyDocument,
  CartLinesFragmentDoc,
  CartPageDocument,
  MyOrderDocument,
  PriceFragmentDoc,
  PutInDocument,
  TakeOfferDocument,
  UseCouponDocument,
  WaysOfSendingDocument,
  WrongFragmentDoc,
  type CartLinesFragment,
  type CheckoutProcessInput,
} from "../../generated/graphql.js";

/** What the customer can mend, by the place that it is about: a field of the form, or a line of the cart. */
export type Refused = Record<string, string>;

type Wrong = readonly FragmentType<typeof WrongFragmentDoc>[];
type Answer = { cart?: FragmentType<typeof CartLinesFragmentDoc> | null; userErrors: Wrong } | null | undefined;

const cents = (money: FragmentType<typeof PriceFragmentDoc>) => fragmentData(PriceFragmentDoc, money).cents;

function refused(errors: Wrong): Refused {
  return Object.fromEntries(
    fragmentData(WrongFragmentDoc, errors).map(({ code, field, message }) => [
      field?.join(".") ?? "",
      `${code}: ${message}`,
    ]),
  );
}

export class Shop {
  private token: string | undefined;
  private readonly client: Client;
  cart: CartLinesFragment | undefined;

  constructor(url: string) {
    this.client = new Client({ url, exchanges: [fetchExchange], preferGetMethod: false });
  }

  async putIn(variantId: string, quantity: number): Promise<Refused> {
    const token = this.token ?? null;
    const { cartAdd } = await this.asked(PutInDocument, { input: { token, variantId, quantity } });
    this.token = cartAdd?.token ?? this.token;
    return this.taken(cartAdd);
  }

  async takeOffer(bump: string): Promise<Refused> {
    return this.taken((await this.asked(TakeOfferDocument, { input: { token: this.known, bump } })).cartAddBump);
  }

  async useCoupon(code: string): Promise<Refused> {
    return this.taken((await this.asked(UseCouponDocument, { input: { token: this.known, code } })).cartApplyCoupon);
  }

  /** The cart anew, and how it can be paid. */
  async looked(): Promise<string[]> {
    const { cart } = await this.asked(CartPageDocument, { token: this.known });
    assert(cart, "the cart is open");
    this.cart = fragmentData(CartLinesFragmentDoc, cart);
    return cart.paymentMethods.map(({ method }) => method);
  }

  get total(): number {
    assert(this.cart);
    return cents(this.cart.total);
  }

  /** What is wrong with lines and coupons, for the customer to read. */
  get problems(): string[] {
    return [...(this.cart?.items ?? []), ...(this.cart?.coupons ?? [])].flatMap(({ problem }) => problem ?? []);
  }

  /** The ways to an address, the cheapest first. */
  async ways(country: string, state: string): Promise<{ id: string; title: string; charge: number | undefined }[]> {
    const items = this.cart!.items.flatMap(({ variant, quantity }) =>
      variant ? [{ variantId: variant.id, quantity }] : [],
    );
    const { shippingMethods } = await this.asked(WaysOfSendingDocument, { country, state, items });
    return (shippingMethods ?? []).flatMap(({ method, charge }) =>
      method ? [{ ...method, charge: charge ? cents(charge) : undefined }] : [],
    );
  }

  /** The hash of the order, or what is wrong. */
  async buy(form: Omit<CheckoutProcessInput, "token">): Promise<{ uuid?: string; total?: number; refused: Refused }> {
    const { checkoutProcess } = await this.asked(BuyDocument, { input: { ...form, token: this.known } });
    assert(checkoutProcess);
    const { receipt, userErrors } = checkoutProcess;
    const wrong = refused(userErrors);
    return receipt ? { uuid: receipt.uuid, total: cents(receipt.total), refused: wrong } : { refused: wrong };
  }

  async order(uuid: string) {
    const { checkoutReceipt } = await this.asked(MyOrderDocument, { uuid });
    return checkoutReceipt && { ...checkoutReceipt, total: cents(checkoutReceipt.total) };
  }

  private get known(): string {
    assert(this.token, "nothing was put in yet");
    return this.token;
  }

  private taken(answer: Answer): Refused {
    if (answer?.cart) this.cart = fragmentData(CartLinesFragmentDoc, answer.cart);
    return refused(answer?.userErrors ?? []);
  }

  private async asked<D, V extends AnyVariables>(document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
    const query = document.definitions.some((one) => "operation" in one && one.operation === "query");
    const asking = query ? this.client.query(document, variables) : this.client.mutation(document, variables);
    const { data, error } = await asking.toPromise();
    if (error || !data) throw error ?? new Error("no answer");
    return data;
  }
}
