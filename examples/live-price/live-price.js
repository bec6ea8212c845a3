// Shows a product as it stands, from index.html?store=http://127.0.0.1:8000/graphql&slug=amber-mug. Visitors may follow a
// product, so there is no token here; an EventSource could not send one.

const LIVE_PRICE = `
  subscription LivePrice($slug: String!) {
    productChanged(by: { slug: $slug }) {
      gone
      product { title minPrice { formatted } stockAvailability }
    }
  }
`;

const parameters = new URLSearchParams(location.search);
const store = parameters.get("store") ?? "http://127.0.0.1:8000/graphql";
const slug = parameters.get("slug") ?? "amber-mug";

const url = new URL(store, location.href);
url.searchParams.set("query", LIVE_PRICE);
url.searchParams.set("variables", JSON.stringify({ slug }));

// The browser comes back by itself, after a restart of the server too. Each connection begins with how the product
// stands, so nothing has to be remembered between two of them.
const events = new EventSource(url);
events.addEventListener("open", () => show({ state: "live" }));
events.addEventListener("error", () => {
  show({ state: events.readyState === EventSource.CLOSED ? "The store does not answer" : "connecting" });
});
events.addEventListener("next", ({ data }) => {
  const answer = JSON.parse(data);
  if (answer.errors) {
    show({ state: answer.errors[0].message });
    return;
  }
  const { gone, product } = answer.data.productChanged;
  show(gone ? { price: "", stock: "Not for sale any more" } : described(product));
});
events.addEventListener("complete", () => events.close()); // there is nothing more, and it would come back

function described({ title, minPrice, stockAvailability }) {
  return { title, price: minPrice?.formatted ?? "", stock: stockAvailability === "IN_STOCK" ? "In stock" : "Sold out" };
}

/** Texts by the id of where they go; as text, whatever a merchant wrote. */
function show(texts) {
  for (const [id, text] of Object.entries(texts)) {
    document.getElementById(id).textContent = text;
  }
}
