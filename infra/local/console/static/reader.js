/* Reading a note as a student app does: PDF.js, by ranges, under the reader's watermark. */
import { items, signIn } from "/console/api.js";
import { chip, make, none, working } from "/console/dom.js";
import { openNote } from "/console/viewer.js";

const listed = async (token) => {
  const answer = await fetch("/v1/notes?limit=50", { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`The list of notes answered ${answer.status}`);
  return (await answer.json()).items;
};

export const reader = {
  id: "reader",
  title: "Reader",
  lead: "A note as a student reads it: PDF.js asks for the bytes of a page, and your name is on it.",
  draw: () => {
    let token = null;
    let book = null;
    let number = 1;
    let known = "";
    const people = make("select", { id: "reader-account", "aria-label": "Who reads" });
    const notes = make("ul", { class: "list", id: "reader-notes" });
    const empty = none("Sign in to see the notes.");
    const canvas = make("canvas", { id: "reader-page", hidden: true, style: "max-width:100%;height:auto;background:#fff" });
    const facts = make("p", { class: "small quiet", id: "reader-facts", role: "status" });
    const before = make("button", { disabled: true, id: "reader-before" }, "Page before");
    const after = make("button", { disabled: true, id: "reader-after" }, "Next page");

    const turn = async (to) => {
      await book.page(to, canvas);
      number = to;
      canvas.hidden = false;
      before.disabled = number <= 1;
      after.disabled = number >= book.pages;
      const kib = Math.round(book.session.bytes / 1024).toLocaleString("en-GB");
      const whole = Math.round(book.session.contentLength / 1024).toLocaleString("en-GB");
      facts.textContent = `Page ${number} of ${book.pages} · ${book.session.requests} requests, ${kib} of ${whole} KiB`;
    };

    const open = async (note) => {
      if (book) await book.close();
      book = null;
      canvas.hidden = true;
      facts.textContent = `Opening “${note.title}” …`;
      try {
        book = await openNote(note.id, token);
        await turn(1);
      } catch (error) {
        facts.textContent = error.message;
      }
    };

    const entry = (note) => {
      const button = make("button", { "data-note": note.id }, "Open");
      button.addEventListener("click", () => working(button, () => open(note)));
      return make("li", {}, make("div", { class: "cell" }, make("div", { class: "line" }, make("strong", {}, note.title), button,
        make("span", { class: "more" }, `${note.pageCount} pages `, note.isPremium ? chip(note.locked ? "locked" : "premium", note.locked ? "bad" : "good") : chip("free")))));
    };

    const enter = make("button", { class: "main", id: "reader-enter" }, "Sign in");
    enter.addEventListener("click", () => working(enter, async () => {
      const [email, password] = people.value.split("\n");
      token = (await signIn(email, password)).accessToken;
      const found = await listed(token);
      notes.replaceChildren(...found.map(entry));
      empty.textContent = "There are no published notes.";
      empty.hidden = found.length > 0;
    }));
    before.addEventListener("click", () => working(before, () => turn(number - 1)));
    after.addEventListener("click", () => working(after, async () => { await turn(number + 1); after.disabled = number >= book.pages; }));

    const refresh = async () => {
      const found = ((await items("accounts")) || []).filter((one) => one.role === "STUDENT");
      const text = JSON.stringify(found);
      if (text === known) return;
      known = text;
      people.replaceChildren(...found.map((one) => make("option", { value: `${one.email}\n${one.password}` }, one.name || one.email)));
    };
    return {
      element: make("div", { class: "flow" },
        make("div", {}, make("div", { class: "row" }, people, enter), notes, empty),
        make("div", {}, make("div", { class: "row" }, before, after), facts, canvas)),
      refresh,
    };
  },
};
