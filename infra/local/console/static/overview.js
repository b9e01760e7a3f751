/* Demo accounts, the clock, and the whole local cloud's buttons. */
import { get, items, post, signIn } from "/console/api.js";
import { chip, make, none, reconcile, toast, working } from "/console/dom.js";

const tokens = new Map();

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    toast("The access token is on the clipboard");
  } catch {
    toast("This browser keeps the clipboard closed; the token is selected for you to copy");
    return false;
  }
  return true;
};

const account = (one) => {
  const token = make("input", { type: "text", readonly: true, class: "mono", "aria-label": `Access token of ${one.email}`, hidden: true });
  const button = make("button", { class: "main", "data-role": one.role }, tokens.has(one.email) ? "Sign in again" : "Sign in");
  const again = make("button", { hidden: true }, "Copy token");
  const take = (value) => {
    token.value = value;
    token.hidden = again.hidden = false;
    button.textContent = "Sign in again";
  };
  if (tokens.has(one.email)) take(tokens.get(one.email));
  const give = async () => { if (!await copy(token.value)) token.select(); };
  button.addEventListener("click", () => working(button, async () => {
    const answer = await signIn(one.email, one.password);
    if (!answer.accessToken) throw new Error("This account asks for a second factor");
    tokens.set(one.email, answer.accessToken);
    take(answer.accessToken);
    await give();
  }));
  again.addEventListener("click", give);
  return make("li", {}, make("div", { class: "cell" }, make("div", { class: "account" },
    make("div", { class: "who" }, make("strong", {}, one.name || one.email), " ", chip(one.role)),
    make("div", { class: "who small quiet" }, one.name ? `${one.email} · ` : "", make("code", {}, one.password)),
    make("div", { class: "row" }, button, again)), token));
};

const clockButtons = () => {
  const steps = [["1 minute", 60], ["1 hour", 3600], ["1 day", 86400], ["30 days", 30 * 86400]];
  const advance = (button, seconds, label) => working(button, async () => {
    await post("clock", { advanceSeconds: seconds });
    toast(`The backend's clock moved on by ${label}`);
    document.dispatchEvent(new Event("console:refresh"));
  });
  return make("div", { class: "row" }, steps.map(([label, seconds]) => {
    const button = make("button", {}, `+ ${label}`);
    button.addEventListener("click", () => advance(button, seconds, label));
    return button;
  }));
};

const cloudButtons = () => {
  const drain = make("button", {}, "Drain");
  drain.addEventListener("click", () => working(drain, async () => {
    const answer = await post("drain");
    const count = (value) => (Array.isArray(value) ? value.length : value || 0);
    toast(`Idle: waited for ${count(answer.deliveries)} deliveries and ${count(answer.executions)} executions`);
  }));
  const reset = make("button", { class: "danger" }, "Reset to the demo data");
  reset.addEventListener("click", () => {
    if (reset.dataset.sure !== "yes") {
      reset.dataset.sure = "yes";
      reset.textContent = "Everything else will be gone. Reset?";
      setTimeout(() => { reset.dataset.sure = ""; reset.textContent = "Reset to the demo data"; }, 4000);
      return;
    }
    reset.dataset.sure = "";
    reset.textContent = "Reset to the demo data";
    working(reset, async () => {
      await post("reset");
      tokens.clear();
      toast("Back to the demo data");
      document.dispatchEvent(new Event("console:refresh"));
    });
  });
  return make("div", { class: "row" }, drain, reset);
};

export const overview = {
  id: "overview",
  title: "Overview",
  lead: "The whole backend runs in this process. Sign in as anybody, move the clock, look at what happens.",
  draw: () => {
    const list = make("ul", { class: "list", id: "accounts" });
    const empty = none("There are no demo accounts.");
    const links = make("div", { class: "row" },
      make("a", { class: "button", href: "/v1/docs" }, "API docs"),
      make("a", { class: "button", href: "/v1/openapi.json" }, "openapi.json"),
      make("a", { class: "button", href: "/v1/health/ready" }, "Health"));
    const gateway = make("a", { class: "button", hidden: true }, "Payment gateway");
    links.append(gateway);
    const element = make("div", {}, make("h2", {}, "Demo accounts"), empty, list,
      make("h2", {}, "The backend's clock"), clockButtons(),
      make("h2", {}, "The local cloud"), cloudButtons(), make("h2", {}, "Elsewhere"), links);
    const refresh = async () => {
      const [accounts, state] = await Promise.all([items("accounts"), get("state").catch(() => null)]);
      reconcile(list, accounts || [], (one) => one.email, account);
      empty.hidden = (accounts || []).length > 0;
      gateway.hidden = !(state && state.phonepeUrl);
      if (state && state.phonepeUrl) gateway.href = state.phonepeUrl;
    };
    return { element, refresh };
  },
};
