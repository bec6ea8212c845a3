// Buys, meets each refusal on the way, and prints what the customer saw.
import { uri } from "../asking.cjs";
import { Shop } from "./shop.js";

const variant = process.env.STOREGRAPH_VARIANT ?? "";
const billing = {
  name: "Grace Hopper",
  address1: "1 Main Street",
  city: "Portland",
  state: "OR",
  postcode: "97201",
  country: "US",
};

const shop = new Shop(uri);
const tooMany = await shop.putIn(variant, 100_000);
const added = await shop.putIn(variant, 2);
const before = shop.total;
const offer = shop.cart?.bumps[0]?.hash ?? "";
const offered = await shop.takeOffer(offer);
const twice = await shop.takeOffer(offer);
const noCoupon = await shop.useCoupon("NOTHING");
const coupon = await shop.useCoupon("welcome10");
const [paymentMethod = ""] = await shop.looked();
const ways = await shop.ways("US", "OR");
const free = ways.find(({ charge }) => charge === 0)?.id ?? "";

const form = { email: "grace@example.org", billing, paymentMethod, shippingMethodId: free };
const nowhere = await shop.buy({ ...form, email: "grace", billing: { ...billing, postcode: "x", city: null } });
const elsewhere = await shop.buy({ ...form, billing: { ...billing, state: "WA", postcode: "98101" } });
const unpaid = await shop.buy({ ...form, paymentMethod: "cowries" });

// Somebody else takes what is left, while this customer fills the form in.
const others = new Shop(uri);
const left = Number(process.env.STOREGRAPH_LEFT);
await others.putIn(variant, left - 1);
await others.looked();
const first = await others.buy(form);
const soldOut = await shop.buy(form);
await shop.looked();
const { problems } = shop;

const again = new Shop(uri);
await again.putIn(variant, 1);
await again.useCoupon("WELCOME10");
await again.looked();
const bought = await again.buy(form);
const order = bought.uuid ? await again.order(bought.uuid) : null;

console.log(
  JSON.stringify({
    refused: { tooMany, twice, noCoupon, soldOut: soldOut.refused },
    form: { nowhere: nowhere.refused, elsewhere: elsewhere.refused, unpaid: unpaid.refused },
    worked: [added, offered, coupon, first.refused, bought.refused],
    before,
    ways: ways.map(({ title, charge }) => [title, charge]),
    problems,
    paid: [again.total, bought.total, order?.total],
    order: order && { status: order.status, items: order.items.map(({ quantity }) => quantity) },
    unknown: await again.order("0".repeat(32)),
  }),
);
