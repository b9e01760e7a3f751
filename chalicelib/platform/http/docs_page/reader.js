"use strict";
/* Draws openapi.json. Everything from the document is set as text, never as markup. */
(() => {
  const VERBS = ["get", "post", "patch", "put", "delete", "head"];
  const DEEPEST = 5;
  const LIMITED = { caller: ", per caller", ip: ", per address", own: "" };
  let api = {};

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  };

  const resolve = (thing) => {
    if (!thing || !thing.$ref) return thing || {};
    return thing.$ref.slice(2).split("/").reduce((at, part) => (at || {})[part], api) || {};
  };
  const nameOf = (thing) => (thing && thing.$ref ? thing.$ref.split("/").pop() : "");

  // `code` and **strong** of the document's texts, as elements.
  const rich = (text) => {
    const parts = String(text || "").split(/(`[^`]+`|\*\*[^*]+\*\*)/);
    return parts.map((part) => {
      if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
      if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
      return part;
    });
  };
  const paragraphs = (text) => String(text || "").split(/\n\s*\n/).map((one) => make("p", {}, rich(one)));

  const kindOf = (schema) => {
    const named = nameOf(schema);
    const real = resolve(schema);
    const choices = real.anyOf || real.oneOf;
    if (choices) return choices.map(kindOf).join(" or ");
    if (real.const !== undefined) return JSON.stringify(real.const);
    if (real.enum) return real.enum.map((one) => JSON.stringify(one)).join(" | ");
    if (real.type === "array") return `list of ${kindOf(real.items || {})}`;
    return [named || real.type || "any", real.format].filter(Boolean).join(", ");
  };

  const rulesOf = (schema) => {
    const real = resolve(schema);
    const inner = (real.anyOf || []).map(resolve).find((one) => one.type !== "null");
    const at = inner ? { ...inner, ...real } : real;
    const rules = [];
    if (at.minLength !== undefined || at.maxLength !== undefined) rules.push(`${at.minLength || 0} to ${at.maxLength ?? "any"} characters`);
    if (at.minimum !== undefined) rules.push(`from ${at.minimum}`);
    if (at.maximum !== undefined) rules.push(`to ${at.maximum}`);
    if (at.minItems !== undefined) rules.push(`at least ${at.minItems}`);
    if (at.maxItems !== undefined) rules.push(`at most ${at.maxItems}`);
    if (at.default !== undefined) rules.push(`default ${JSON.stringify(at.default)}`);
    if (at.pattern && at.pattern.length < 60) rules.push(at.pattern);
    return rules;
  };

  const innerObject = (schema) => {
    const real = resolve(schema);
    if (real.properties) return real;
    if (real.type === "array") return innerObject(real.items);
    const inner = (real.anyOf || []).find((one) => resolve(one).type !== "null");
    return inner ? innerObject(inner) : null;
  };

  const fieldRow = (name, required, schema, about, depth) => {
    const rules = rulesOf(schema);
    const inner = depth < DEEPEST ? innerObject(schema) : null;
    return make("div", {},
      make("dt", {}, make("code", {}, name), required ? make("span", { class: "need" }, " required") : null),
      make("dd", {},
        make("span", { class: "kind" }, kindOf(schema)),
        rules.length ? make("span", { class: "quiet" }, ` · ${rules.join(" · ")}`) : null,
        about ? make("div", {}, rich(about)) : null,
        inner ? fields(inner, depth + 1) : null));
  };

  const fields = (schema, depth = 0) => {
    const real = resolve(schema);
    const needed = new Set(real.required || []);
    const rows = Object.entries(real.properties || {}).map(([name, member]) =>
      fieldRow(name, needed.has(name), member, member.description || resolve(member).description, depth));
    return make("dl", { class: "fields" }, rows);
  };

  const json = (value) => make("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2));

  const contentOf = (content) => Object.entries(content || {}).map(([media, one]) => {
    const example = one.example !== undefined ? one.example : undefined;
    const shape = innerObject(one.schema || {});
    return make("div", {}, make("p", { class: "quiet" }, media), shape ? fields(shape) : null, example !== undefined ? json(example) : null);
  });

  const errorList = (answer) => {
    const examples = Object.values(answer.content || {}).flatMap((one) => Object.entries(one.examples || {}));
    return make("ul", { class: "errors" }, examples.map(([code, example]) =>
      make("li", {}, make("code", {}, code), ` ${resolve(example).summary || ""}`)));
  };

  const answers = (operation) => make("div", { class: "answers" },
    Object.entries(operation.responses).map(([status, given]) => {
      const answer = resolve(given);
      const refused = Number(status) >= 400;
      const codes = (answer["x-codes"] || []).map((code) => make("span", {}, code));
      const headers = Object.keys(answer.headers || {});
      return make("details", {},
        make("summary", {}, make("span", { class: refused ? "status refused" : "status" }, status),
          codes.length ? make("span", { class: "codes" }, codes) : make("span", {}, answer.description)),
        answer["x-codes"] ? errorList(answer) : contentOf(answer.content),
        headers.length ? make("p", { class: "quiet" }, `Headers: ${headers.join(", ")}`) : null);
    }));

  const facts = (operation) => {
    const found = [];
    found.push(operation["x-action"] ? `action ${operation["x-action"]}` : "public");
    if ((operation["x-permission"] || []).length) found.push(`permission ${operation["x-permission"].join(" or ")}`);
    for (const limit of operation["x-limit"] || []) found.push(`limit ${limit.class}: ${limit.rate.replace("/", " in ")} s${LIMITED[limit.per]}`);
    if (operation.deprecated) found.push("deprecated");
    return make("ul", { class: "facts" }, found.map((one) => make("li", {}, one)));
  };

  const parametersOf = (path, operation) => [...(api.paths[path].parameters || []), ...(operation.parameters || [])].map(resolve);

  const parameterTable = (parameters) => make("dl", { class: "fields" }, parameters.map((one) =>
    fieldRow(`${one.name} (${one.in})`, one.required, one.schema, one.description, 0)));

  const tryForm = (path, verb, operation, parameters) => {
    const form = make("form", { class: "try" });
    const inputs = new Map();
    for (const one of parameters.filter((parameter) => parameter.name !== "X-Request-Id")) {
      const input = make("input", { name: one.name, autocomplete: "off" });
      if (one.required) input.value = one.example ?? "";
      inputs.set(one, input);
      form.append(make("label", {}, `${one.name} (${one.in})`, input));
    }
    const media = resolve(operation.requestBody).content;
    const body = media ? make("textarea", { spellcheck: "false", "aria-label": "Body" }) : null;
    if (body) {
      body.value = JSON.stringify(Object.values(media)[0].example ?? {}, null, 2);
      form.append(make("label", {}, "Body", body));
    }
    const out = make("div", { role: "status" });
    form.append(make("div", {}, make("button", { type: "submit" }, `Send ${verb.toUpperCase()}`)), out);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(path, verb, inputs, body, out);
    });
    return make("details", {}, make("summary", {}, "Try it"), form);
  };

  const send = async (path, verb, inputs, body, out) => {
    const headers = {};
    const query = new URLSearchParams();
    let target = path;
    for (const [one, input] of inputs) {
      if (!input.value) continue;
      if (one.in === "path") target = target.replace(`{${one.name}}`, encodeURIComponent(input.value));
      if (one.in === "query") query.append(one.name, input.value);
      if (one.in === "header") headers[one.name] = input.value;
    }
    const token = document.getElementById("token").value.trim();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    out.replaceChildren("Sending…");
    const began = performance.now();
    try {
      const base = new URL("..", document.baseURI);
      const url = new URL(target.replace(/^\//, ""), base) + (query.size ? `?${query}` : "");
      const answer = await fetch(url, { method: verb.toUpperCase(), headers, body: body ? body.value : undefined });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
      out.replaceChildren(make("p", {}, `${answer.status} in ${Math.round(performance.now() - began)} ms`), json(shown || "(no body)"));
    } catch (error) {
      out.replaceChildren(make("p", {}, `It could not be sent: ${error.message}`));
    }
  };

  const fill = (details, path, verb, operation) => {
    const parameters = parametersOf(path, operation);
    const body = make("div", { class: "body" }, facts(operation));
    if (operation.description !== operation.summary) body.append(...paragraphs(operation.description));
    body.append(make("h3", {}, "Parameters"), parameterTable(parameters));
    const request = resolve(operation.requestBody);
    if (request.content) body.append(make("h3", {}, request.required ? "Body" : "Body, may be left out"), ...contentOf(request.content));
    body.append(make("h3", {}, "Answers"), answers(operation));
    if (verb !== "head") body.append(make("h3", {}, "Send a request"), tryForm(path, verb, operation, parameters));
    details.append(body);
  };

  const card = (path, verb, operation) => {
    const codes = Object.values(operation.responses).flatMap((one) => resolve(one)["x-codes"] || []);
    const words = [path, verb, operation.operationId, operation.summary, operation.description, operation["x-action"], ...codes];
    const details = make("details", {
      class: operation.deprecated ? "operation old" : "operation", id: operation.operationId, "data-words": words.join(" ").toLowerCase(),
    },
    make("summary", {}, make("span", { class: `verb ${verb}` }, verb.toUpperCase()), make("span", { class: "path" }, path),
      make("span", { class: "sum" }, operation.summary)));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) fill(details, path, verb, operation);
    });
    return details;
  };

  const byTag = () => {
    const found = new Map(api.tags.map((tag) => [tag.name, []]));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const verb of VERBS.filter((one) => item[one])) found.get(item[verb].tags[0]).push(card(path, verb, item[verb]));
    }
    return found;
  };

  const draw = () => {
    const main = document.getElementById("operations");
    const tags = document.getElementById("tags");
    const groups = byTag();
    document.getElementById("version").textContent = `${api.info.version} · ${Object.keys(api.paths).length} paths`;
    main.replaceChildren(make("p", { id: "state", role: "status", class: "quiet" }), make("details", { class: "about", open: window.innerWidth > 700 }, make("summary", {}, "Conventions"), paragraphs(api.info.description)));
    for (const tag of api.tags) {
      const id = `tag-${tag.name}`;
      tags.append(make("a", { href: `#${id}` }, tag.name));
      main.append(make("section", { id, "aria-label": tag.name }, make("h2", {}, tag.name.replace(/-/g, " ")),
        make("p", { class: "quiet" }, rich(tag.description)), ...groups.get(tag.name)));
    }
  };

  const search = (text) => {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const section of document.querySelectorAll("main section")) {
      let shown = 0;
      for (const one of section.querySelectorAll(".operation")) {
        const hit = wanted.every((word) => one.dataset.words.includes(word));
        one.hidden = !hit;
        shown += hit ? 1 : 0;
      }
      section.hidden = shown === 0;
      count += shown;
    }
    document.querySelector(".about").hidden = wanted.length > 0;
    document.getElementById("state").textContent = wanted.length ? `${count} operations` : "";
  };

  const openNamed = () => {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (named instanceof HTMLDetailsElement) named.open = true;
    if (named) named.scrollIntoView();
  };

  const start = async () => {
    const token = document.getElementById("token");
    token.value = sessionStorage.getItem("token") || "";
    token.addEventListener("change", () => sessionStorage.setItem("token", token.value));
    try {
      const answer = await fetch("openapi.json");
      if (!answer.ok) throw new Error(`${answer.status}`);
      api = await answer.json();
    } catch (error) {
      document.getElementById("state").textContent = `The document could not be read (${error.message}).`;
      return;
    }
    draw();
    document.getElementById("search").addEventListener("input", (event) => search(event.target.value));
    window.addEventListener("hashchange", openNamed);
    openNamed();
  };
  start();
})();
