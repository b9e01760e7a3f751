/* The PhonePe simulator: what it saw, its page's buttons, and how it should behave. */
import { items, post } from "/console/api.js";
import { chip, clockTime, make, none, reconcile, toast, working } from "/console/dom.js";

const TONES = { COMPLETED: "good", PENDING: "busy", FAILED: "bad" };
const OUTCOMES = [["SUCCESS", "Pay"], ["FAILED", "Fail"], ["PENDING", "Leave pending"], ["CLOSE", "Close"]];
const rupees = (paise) => new Intl.NumberFormat("en-IN", { style: "currency", currency: "INR" }).format((paise || 0) / 100);

const press = (order) => OUTCOMES.map(([outcome, label]) => {
  const button = make("button", { class: outcome === "SUCCESS" ? "main" : outcome === "FAILED" ? "danger" : "" }, label);
  button.addEventListener("click", () => working(button, async () => {
    await post(`phonepe/orders/${encodeURIComponent(order.merchantTransactionId)}/pay`, { outcome });
    toast(`${label}: the gateway was told`);
    document.dispatchEvent(new Event("console:refresh"));
  }));
  return button;
});

const seen = (order) => {
  const calls = (order.calls || []).map((one) => ({ ...one, what: `${one.method} ${one.path}` }));
  const hooks = (order.webhooks || []).map((one) => ({ ...one, what: `webhook ${one.event}${one.copy > 1 ? ` (copy ${one.copy})` : ""}${one.signature === "WRONG" ? ", wrong signature" : ""}` }));
  const all = [...calls, ...hooks].sort((first, second) => String(first.at).localeCompare(String(second.at)));
  return make("ul", { class: "list" }, all.map((one) => make("li", {}, make("div", { class: "cell line" },
    make("span", { class: "mono" }, one.what), make("span", {}, chip(one.status === null ? "no answer" : String(one.status), one.status && one.status < 400 ? "good" : "bad"), " ", clockTime(one.at))))));
};

const row = (order) => make("li", {}, make("details", {},
  make("summary", {}, make("div", { class: "line" },
    make("span", {}, make("strong", {}, rupees(order.amountPaise)), " ", chip(order.state, TONES[order.state] || "")), clockTime(order.createdAt),
    make("span", { class: "more mono" }, order.merchantTransactionId))),
  make("div", { class: "inside" },
    order.state === "PENDING" ? make("div", { class: "row" }, press(order), order.pageUrl ? make("a", { class: "button", href: order.pageUrl }, "Payment page") : null) : null,
    make("p"), seen(order))));

const select = (name, label, choices) => make("label", { class: "field" }, label,
  make("select", { name }, choices.map(([value, text]) => make("option", { value }, text))));
const number = (name, label, least, most) => make("label", { class: "field" }, label,
  make("input", { type: "number", name, min: least, max: most, inputmode: "numeric" }));

const told = (form) => {
  const value = (name) => form.elements[name].value.trim();
  const body = {};
  const webhook = {};
  if (value("order")) body.order = value("order");
  if (value("outcome")) body.outcome = value("outcome");
  for (const name of ["delaySeconds", "amountDelta", "statusDownCalls", "statusSlowSeconds"]) if (value(name)) body[name] = Number(value(name));
  if (value("send")) webhook.send = value("send") === "yes";
  if (value("copies")) webhook.copies = Number(value("copies"));
  if (value("signature")) webhook.signature = value("signature");
  if (value("order_of")) webhook[value("order_of")] = true;
  if (value("afterExpiry")) body.afterExpiry = true;
  if (Object.keys(webhook).length) body.webhook = webhook;
  return body;
};

const behaviour = () => {
  const form = make("form", {},
    make("div", { class: "row" },
      make("label", { class: "field" }, "Order (empty: all from now on)", make("input", { type: "text", name: "order", autocomplete: "off" })),
      select("outcome", "Outcome", [["", "as chosen on its page"], ["SUCCESS", "pays"], ["FAILED", "fails"], ["PENDING", "stays pending"], ["CLOSE", "closes the page"]]),
      number("delaySeconds", "Outcome after (seconds)", 0, 604800),
      select("afterExpiry", "Success", [["", "in time"], ["yes", "after the order expired"]])),
    make("div", { class: "row" },
      select("send", "Webhook", [["", "sent"], ["no", "not sent"]]),
      number("copies", "Copies at once", 1, 100),
      select("signature", "Signature", [["", "right"], ["WRONG", "wrong"]]),
      select("order_of", "Sent", [["", "after the redirect"], ["beforeRedirect", "before the redirect"], ["reversed", "out of order"]])),
    make("div", { class: "row" },
      number("amountDelta", "Amount differs by (paise)", -100000000, 100000000),
      number("statusDownCalls", "Status API down for (calls)", 0, 100000),
      number("statusSlowSeconds", "Status API slow by (seconds)", 0, 120)),
    make("p"), make("div", { class: "row" }, make("button", { class: "main", type: "submit" }, "Set this behaviour"), make("button", { type: "reset" }, "Clear the form")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    working(event.submitter || form.querySelector("button"), async () => {
      const body = told(form);
      await post("phonepe/behaviour", body);
      toast(Object.keys(body).length ? "The gateway will behave so" : "The gateway behaves as usual again");
    });
  });
  return form;
};

export const payments = {
  id: "payments",
  title: "Payments",
  lead: "The gateway's simulator. Press the buttons of its payment page here, and tell it how to misbehave.",
  draw: () => {
    const list = make("ul", { class: "list" });
    const empty = none("The gateway has seen no order yet.");
    const refresh = async () => {
      const found = (await items("phonepe/orders")) || [];
      reconcile(list, found, (one) => one.merchantTransactionId, row);
      empty.hidden = found.length > 0;
    };
    return { element: make("div", {}, make("h2", {}, "Orders it saw"), list, empty, make("h2", {}, "How it behaves"), behaviour()), refresh };
  },
};
