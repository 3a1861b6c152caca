// Makes a form for every operation of the API's description, sends what it holds, and shows what comes back.
// Everything from outside goes into the page as text, never as HTML.
"use strict";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const LONGEST_SHOWN = 200000; // characters of an answer; a batch of labels would make the page slow
const DEEPEST_MEMBERS = 6;

const known = {}; // {"parcels": 4}: ids from earlier answers, for paths such as /parcels/{id}
const own = JSON.parse(document.getElementById("sections").dataset.own ?? "{}"); // what the account has, inside the panel
let description;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const field = (id) => document.getElementById(id).value.trim();

// What is sent

function sample(content) {
  const [first] = Object.values(content?.examples ?? {});
  return first === undefined ? undefined : first.value;
}

// Examples with what the account really has in place of what they were recorded with

const makesNew = (operation) => operation.method === "POST" && operation.path === "/api/v3/orders"; // with numbers of its own
const destroys = (operation) => operation.method === "DELETE" || operation.path.endsWith("/cancel"); // nobody is helped to do so

function owned(value, operation, name = "", outer = "") {
  const found = own.members?.[`${outer}.${name}`] ?? own.members?.[name];
  if (found !== undefined && name && !(makesNew(operation) && name.startsWith("order_"))) return found;
  if (Array.isArray(value)) return value.map((each) => owned(each, operation, "", name));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([inside, each]) => [inside, owned(each, operation, inside, name)]));
}

function ownParameter(parameter, operation) {
  if (parameter.in !== "path") return parameter.example === undefined ? undefined : own.queries?.[parameter.name];
  if (destroys(operation)) return own.ids ? "" : undefined;
  const rest = operation.path.replace(/^\/api\/v[0-9]\//, "");
  if (parameter.name !== "id") return parameter.example === undefined ? undefined : own.ids?.[parameter.name];
  const collection = rest.split("/{id}")[0];
  return own.ids?.[collection] ?? (/^labels\b/.test(collection) ? own.ids?.parcels : undefined);
}

function asked(operation) {
  return own.request?.operation === operation.id ? own.request : undefined;
}

function bodyText(type, content, operation) {
  if (asked(operation)?.body) return asked(operation).body;
  let value = sample(content);
  if (operation.path.endsWith("/create-labels-async") && own.members?.order_number !== undefined) {
    value = { ...value, orders: [{ order_number: "" }] }; // its parcels are those of other orders
  }
  value = value === undefined ? undefined : owned(value, operation);
  if (value === undefined) return "";
  return type === FORM_TYPE ? new URLSearchParams(value).toString() : JSON.stringify(value, null, 2);
}

function requestOf(operation) {
  let path = operation.path;
  const query = [];
  const headers = {};
  for (const { parameter, input } of operation.inputs) {
    const value = input.value.trim();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.push(`${encodeURIComponent(parameter.name)}=${encodeURIComponent(value)}`);
    else if (value) headers[parameter.name] = value;
  }
  const body = operation.body ? operation.body.value : null;
  if (body) headers["Content-Type"] = operation.bodyType;
  return { method: operation.method, url: path + (query.length ? `?${query.join("&")}` : ""), headers, body };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlOf(operation) {
  const request = requestOf(operation);
  const lines = [`curl --request ${request.method} --url ${quoted(location.origin + request.url)}`];
  if (operation.needsCredentials) {
    const key = field("public-key").replace(/[^\w-]/g, "") || "$KOLLI_PUBLIC_KEY";
    lines.push(`--user "${key}:$KOLLI_SECRET_KEY"`);
  }
  for (const [name, value] of Object.entries(request.headers)) lines.push(`--header ${quoted(`${name}: ${value}`)}`);
  if (request.body) lines.push(`--data ${quoted(request.body)}`);
  return lines.join(" \\\n  ");
}

function authorization() {
  const bytes = new TextEncoder().encode(`${field("public-key")}:${field("secret-key")}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

async function send(operation) {
  const { method, url, headers, body } = requestOf(operation);
  if (field("public-key")) headers.Authorization = authorization();
  operation.answer.replaceChildren(element("p", { className: "hint", textContent: "Waiting …" }));
  const begin = performance.now();
  try {
    const response = await fetch(url, { method, headers, body: body || undefined, credentials: "omit" });
    const content = await response.blob();
    await show(operation, response, content, Math.round(performance.now() - begin));
  } catch (error) {
    operation.answer.replaceChildren(element("p", { className: "status refused", textContent: `No answer: ${error.message}` }));
  }
}

// What comes back

async function show(operation, response, content, milliseconds) {
  const type = response.headers.get("content-type") ?? "";
  const status = element("span", { className: response.ok ? "status" : "status refused", textContent: `${response.status} ${response.statusText}` });
  const parts = [element("p", {}, status, ` in ${milliseconds} ms ${type && `· ${type} · ${content.size} bytes`}`)];
  for (const name of ["link", "retry-after", "sandbox-scenario", "idempotent-replayed"]) {
    if (response.headers.has(name)) parts.push(element("p", { className: "hint", textContent: `${name}: ${response.headers.get(name)}` }));
  }
  if (type.startsWith(JSON_TYPE)) {
    const text = await content.text();
    const value = JSON.parse(text);
    remember(operation, value);
    parts.push(element("pre", { tabIndex: 0, textContent: JSON.stringify(value, null, 2).slice(0, LONGEST_SHOWN) }));
  } else if (content.size) {
    const address = URL.createObjectURL(content);
    const name = `kolli.${{ "application/pdf": "pdf", "image/png": "png", "application/zpl": "zpl" }[type] ?? "bin"}`;
    parts.push(element("p", {}, element("a", { href: address, download: name, textContent: `Save ${name}` })));
    if (type === "image/png") parts.push(element("img", { src: address, alt: "The answer, as a picture" }));
    if (type === "application/zpl") parts.push(element("pre", { tabIndex: 0, textContent: (await content.text()).slice(0, LONGEST_SHOWN) }));
  }
  operation.answer.replaceChildren(...parts);
}

function remember(operation, value) {
  const data = value?.data ?? value?.errors?.[0]?.meta; // a refusal may name what is there already
  const first = Array.isArray(data) ? data[0] : data;
  const collection = operation.path.split("/")[3];
  if (first?.id !== undefined && !operation.path.split("/")[4]?.includes("-")) known[collection] = first.id;
  const found = first?.parcels?.[0]?.id ?? first?.parcel_id;
  if (found !== undefined) known.parcels = found;
  if (first?.shipment_id !== undefined) known.shipments = first.shipment_id;
  for (const other of operations) {
    const id = known[other.path.split("/")[3]];
    const input = other.inputs.find(({ parameter }) => parameter.in === "path" && parameter.name === "id")?.input;
    if (input && id !== undefined && !input.dataset.typed) input.value = id;
    other.refresh();
  }
}

// The page

const operations = [];

function valueOf(parameter, operation) {
  const request = asked(operation);
  if (request === undefined) return ownParameter(parameter, operation) ?? parameter.example ?? "";
  if (parameter.in === "path") return request.path[parameter.name] ?? "";
  if (parameter.in === "header") return request.headers[parameter.name.toLowerCase()] ?? "";
  return request.query.find(([name]) => name === parameter.name)?.[1] ?? "";
}

function inputOf(parameter, operation) {
  const changed = () => operation.refresh();
  const choices = parameter.schema?.enum;
  const input = choices
    ? element("select", {}, ...["", ...choices].map((choice) => element("option", { value: choice, textContent: choice })))
    : element("input", { spellcheck: false, autocomplete: "off" });
  input.value = valueOf(parameter, operation);
  input.addEventListener("input", () => { input.dataset.typed = "yes"; changed(); });
  const notes = [parameter.in !== "query" && parameter.in, parameter.required && "required", parameter["x-kolli-extension"] && "ours"].filter(Boolean);
  const hint = [notes.join(", "), parameter.description ?? ""].filter(Boolean).join(" · ");
  const label = element("label", {}, `${parameter.name} `, element("small", { textContent: hint }), input);
  return { parameter, input, label };
}

function resolved(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? description.components.schemas[name] : schema ?? {};
}

function kindOf(schema) {
  const real = resolved(schema);
  if (real.enum) return real.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = real.anyOf ?? real.oneOf;
  if (options) return options.map(kindOf).filter((kind, place, all) => all.indexOf(kind) === place).join(" | ");
  if (real.type === "array") return `list of ${kindOf(real.items)}`;
  return real.const !== undefined ? JSON.stringify(real.const) : real.format ?? real.type ?? "any";
}

function members(schema, depth = 0) {
  const real = resolved(schema);
  const inner = real.properties ? real : [real.items, ...(real.anyOf ?? real.oneOf ?? [])].map(resolved).find((option) => option.properties || option.items);
  if (!inner || depth > DEEPEST_MEMBERS) return null;
  if (!inner.properties) return members(inner, depth + 1);
  return element("ul", { className: "members" }, ...Object.entries(inner.properties).map(([name, member]) => element(
    "li", {}, element("code", { textContent: name }),
    element("small", { textContent: ` ${kindOf(member)}${inner.required?.includes(name) ? "" : ", optional"}` }),
    members(member, depth + 1),
  )));
}

function answersOf(described) {
  return Object.entries(described.responses).map(([status, response]) => {
    const types = Object.keys(response.content ?? {});
    const outline = status < 400 && response.content?.[JSON_TYPE] ? members(response.content[JSON_TYPE].schema) : null;
    return element("div", {}, element("p", {}, element("strong", { textContent: status }), ` ${response.description} `,
      element("small", { textContent: types.filter((type) => type !== JSON_TYPE).join(", ") })), outline);
  });
}

function formOf(operation, described) {
  const [[type, content] = []] = Object.entries(described.requestBody?.content ?? {});
  const shown = element("pre", { tabIndex: 0 });
  operation.refresh = () => { shown.textContent = curlOf(operation); };
  operation.inputs = (described.parameters ?? []).map((parameter) => inputOf(parameter, operation));
  operation.bodyType = type;
  const text = bodyText(type, content, operation);
  operation.body = type ? element("textarea", { value: text, spellcheck: false, rows: Math.min(text.split("\n").length + 1, 24) }) : null;
  operation.body?.addEventListener("input", operation.refresh);
  operation.answer = element("div", { className: "answer", role: "status" });
  const copy = element("button", { type: "button", className: "second", textContent: "Copy as curl" });
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(curlOf(operation));
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy as curl"; }, 1500);
  });
  const button = element("button", { type: "button", textContent: "Send" });
  button.addEventListener("click", () => send(operation));
  const scopes = described.security.flatMap((scheme) => scheme.oauth2 ?? []).join(", ");
  return element("div", {},
    element("p", { textContent: described.description ?? "" }),
    element("p", { className: "hint", textContent: scopes ? `An access token needs the scope ${scopes}.` : "" }),
    element("div", { className: "parameters" }, ...operation.inputs.map(({ label }) => label)),
    operation.body && element("label", {}, element("h3", { textContent: `Body ` }, element("small", { textContent: type })), operation.body),
    element("div", { className: "buttons" }, button, copy), operation.answer, shown,
    element("details", {}, element("summary", { textContent: "What it answers" }), ...answersOf(described)),
    type ? element("details", {}, element("summary", { textContent: "What the body holds" }), members(content.schema)) : null);
}

function operationOf(path, method, described) {
  const operation = { id: described.operationId, path, method: method.toUpperCase(), needsCredentials: described.security.length > 0 };
  const summary = element("summary", {}, element("span", { className: `method ${operation.method}`, textContent: operation.method }),
    element("span", { className: "path", textContent: path }), element("span", { className: "about", textContent: described.summary }),
    described["x-kolli-extension"] ? element("span", { className: "tag", textContent: "ours" }) : null);
  operation.element = element("details", { className: "operation", id: described.operationId }, summary);
  operation.words = `${operation.method} ${path} ${described.summary} ${described.tags}`.toLowerCase();
  const form = formOf(operation, described);
  operation.element.addEventListener("toggle", () => { // the forms of all operations at once would make a slow page
    if (!form.isConnected) { operation.element.append(form); operation.refresh(); }
  });
  operations.push(operation);
  return operation.element;
}

function sectionOf(tag) {
  const inside = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods)
    .filter(([, described]) => described.tags.includes(tag.name))
    .map(([method, described]) => operationOf(path, method, described)));
  return element("section", {}, element("h2", { textContent: tag.name }), element("p", { textContent: tag.description }), ...inside);
}

function filter() {
  const words = field("filter").toLowerCase().split(/\s+/);
  for (const operation of operations) operation.element.hidden = !words.every((word) => operation.words.includes(word));
  for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector("details.operation:not([hidden])");
}

async function start() {
  const main = document.getElementById("sections");
  document.getElementById("credentials").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("filter").addEventListener("input", filter);
  document.getElementById("public-key").addEventListener("input", () => operations.forEach((operation) => operation.refresh()));
  try {
    description = await (await fetch("/api/v3/openapi.json", { credentials: "omit" })).json();
    main.replaceChildren(...description.tags.map(sectionOf));
    const named = document.getElementById(location.hash.slice(1));
    if (named) { named.open = true; named.scrollIntoView(); }
  } catch (error) {
    main.replaceChildren(element("p", { role: "alert", textContent: `The description of the API could not be read: ${error.message}` }));
  }
  main.removeAttribute("aria-busy");
}

start();
