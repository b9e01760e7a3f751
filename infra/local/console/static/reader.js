/* Reading a note as a student app does: PDF.js, by ranges, under the reader's watermark. */
import { items, signIn } from "/console/api.js";
import { chip, make, none, working } from "/console/dom.js";
import { openNote } from "/console/viewer.js";

const kib = (bytes) => Math.round(bytes / 1024).toLocaleString("en-GB");

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
    const canvas = make("canvas", { id: "reader-page", class: "page", hidden: true });
    const sheet = make("div", { class: "sheet" }, canvas);
    const warning = make("p", { class: "small", id: "reader-warning", role: "alert" });
    const noticeText = make("p");
    const notice = make("dialog", { class: "notice", id: "reader-notice" }, noticeText,
      make("form", { method: "dialog", class: "row" }, make("button", { class: "main", value: "yes" }, "I agree"), make("button", { value: "no" }, "Not now")));
    const facts = make("p", { class: "small quiet", id: "reader-facts", role: "status" });
    const before = make("button", { disabled: true, id: "reader-before" }, "Page before");
    const after = make("button", { disabled: true, id: "reader-after" }, "Next page");

    const contents = make("select", { id: "reader-contents", "aria-label": "Table of contents", hidden: true });
    contents.addEventListener("change", () => working(contents, () => turn(Number(contents.value))));
    const fill = (entries) => {
      const known = entries.filter((one) => one.page);
      const label = ({ level, title, page }) => `${"\u2003".repeat(level - 1)}${title} · ${page}`;
      contents.replaceChildren(...known.map((one) => make("option", { value: one.page }, label(one))));
      contents.hidden = known.length === 0;
    };

    const agree = ({ text }) => new Promise((answer) => {
      noticeText.textContent = text;
      notice.addEventListener("close", () => answer(notice.returnValue === "yes"), { once: true });
      notice.showModal();
    });
    const veil = (on) => canvas.classList.toggle("veiled", on);
    const told = ({ action, message }) => { warning.textContent = action === "NONE" ? "" : message || ""; };
    sheet.addEventListener("click", () => veil(false));

    const turn = async (to) => {
      await book.page(to, canvas, sheet.clientWidth);
      number = to;
      canvas.hidden = false;
      before.disabled = number <= 1;
      after.disabled = number >= book.pages;
      const { requests, bytes, contentLength, renewals } = book.session;
      facts.textContent = `Page ${number} of ${book.pages} · ${requests} requests, ${kib(bytes)} of ${kib(contentLength)} KiB, ${renewals} renewals`;
    };

    const open = async (note) => {
      if (book) await book.close();
      book = null;
      canvas.hidden = true;
      facts.textContent = `Opening “${note.title}” …`;
      try {
        book = await openNote(note.id, token, { agree, veil, told });
        await turn(1);
        fill(await book.outline());
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
        make("div", {}, make("div", { class: "row" }, before, after, contents), facts, warning, sheet, notice)),
      refresh,
    };
  },
};
