/* Every e-mail and SMS that the backend sent. */
import { clear, items } from "/console/api.js";
import { chip, clockTime, make, none, reconcile, toast, working } from "/console/dom.js";

const viewer = (one) => {
  const place = make("div");
  const views = {
    HTML: () => make("iframe", { sandbox: "", title: `Message: ${one.subject || one.to}`, srcdoc: one.html }),
    Plain: () => make("pre", { tabindex: "0" }, one.text || ""),
    Raw: () => make("pre", { tabindex: "0" }, one.raw || JSON.stringify(one, null, 2)),
  };
  const names = Object.keys(views).filter((name) => name !== "HTML" || one.html);
  const buttons = names.map((name) => make("button", { "aria-pressed": "false" }, name));
  const show = (position) => {
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === position)));
    place.replaceChildren(views[names[position]]());
  };
  buttons.forEach((button, position) => button.addEventListener("click", () => show(position)));
  return { element: make("div", { class: "inside mail" }, make("div", { class: "views" }, buttons), place), show };
};

const row = (one) => {
  const view = viewer(one);
  const details = make("details", {},
    make("summary", {}, make("div", { class: "line" },
      make("strong", {}, one.subject || (one.text || "").slice(0, 60) || "(no subject)"), clockTime(one.at),
      make("span", { class: "more" }, chip(one.channel || "EMAIL"), ` to ${Array.isArray(one.to) ? one.to.join(", ") : one.to}`))),
    view.element);
  details.addEventListener("toggle", () => { if (details.open) view.show(0); }, { once: true });
  return make("li", {}, details);
};

export const mail = {
  id: "mail",
  title: "Mailbox",
  lead: "Every e-mail and SMS stays here; none leaves this machine.",
  draw: () => {
    const list = make("ul", { class: "list" });
    const empty = none("");
    const filter = make("input", { type: "search", placeholder: "Search by recipient", "aria-label": "Search by recipient" });
    const wipe = make("button", { class: "danger" }, "Empty the mailbox");
    let all = [];
    const show = () => {
      const wanted = filter.value.trim().toLowerCase();
      const fitting = all.filter((one) => String(one.to).toLowerCase().includes(wanted));
      reconcile(list, fitting, (one) => one.id, row);
      empty.hidden = fitting.length > 0;
      empty.textContent = all.length ? "Nothing was sent to that recipient." : "Nothing was sent yet.";
    };
    const refresh = async () => {
      all = (await items("mailbox")) || [];
      show();
    };
    filter.addEventListener("input", show);
    wipe.addEventListener("click", () => working(wipe, async () => {
      await clear("mailbox");
      toast("The mailbox is empty");
      await refresh();
    }));
    return { element: make("div", {}, make("div", { class: "row" }, make("div", { class: "field" }, filter), wipe), make("p"), list, empty), refresh };
  },
};
