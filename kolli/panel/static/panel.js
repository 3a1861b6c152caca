// What every page of the panel does in the browser: keys, dialogs, questions before what cannot be undone.
"use strict";

const typing = (element) => element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const say = (text) => { document.getElementById("live").textContent = text; };

// The menu of small windows
document.addEventListener("click", (event) => {
  const button = event.target.closest(".menu-button");
  if (button) {
    const isOpen = document.getElementById("menu").classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(isOpen));
  }
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  document.querySelectorAll("details.me[open]").forEach((each) => { if (!each.contains(event.target)) each.open = false; });
  const copier = event.target.closest("[data-copies]");
  if (copier) {
    const text = document.getElementById(copier.dataset.copies).textContent;
    navigator.clipboard?.writeText(text).then(() => say(copier.dataset.done || ""));
  }
});

// A form is asked about before it does what its button says, and sent once
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (form.method === "post" && !form.hasAttribute("hx-post") && form.target !== "_blank") {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    window.setTimeout(() => { delete form.dataset.sent; }, 10000);
  }
}, true);
window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => { delete form.dataset.sent; }));

// Rows of a list marked with `data-rows`: j and k move, Enter opens, x selects; other keys press what has `data-press`
const rows = () => [...document.querySelectorAll("[data-rows] > tr, [data-rows] > li")].filter((row) => row.offsetParent !== null);
const here = () => document.querySelector("[data-rows] > .is-here");
const go = (step) => {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(here());
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  here()?.classList.remove("is-here");
  next.classList.add("is-here");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a[href]") ?? next).focus({ preventScroll: true });
};
let isGoing = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const dialog = document.querySelector("dialog[open]");
  const opened = event.key === "Escape" && !dialog && document.querySelector(".me[open], .views[open]");
  if (opened) { opened.open = false; opened.querySelector("summary").focus(); return; }
  if (event.key === "Escape" && typing(event.target) && !dialog) { event.target.blur(); return; }
  if (dialog || typing(event.target)) return;
  if (isGoing) {
    isGoing = false;
    const link = document.querySelector(`.menu [data-key="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); }
    return;
  }
  const press = () => {
    const scope = here();
    const named = `[data-press="${CSS.escape(event.key)}"]`;
    return scope?.querySelector(named) ?? document.querySelector(`main ${named}:not([data-rows] *)`);
  };
  switch (event.key) {
    case "/": (document.querySelector("main [type=search]") ?? document.getElementById("find"))?.focus(); break;
    case "?": document.getElementById("keys-help")?.showModal(); break;
    case "g": isGoing = true; window.setTimeout(() => { isGoing = false; }, 1500); break;
    case "j": go(1); break;
    case "k": go(-1); break;
    case "x": { const box = here()?.querySelector("[type=checkbox]"); if (!box) return; box.click(); break; }
    default: { const button = press(); if (!button) return; button.click(); }
  }
  event.preventDefault();
});

// What is wrong with a form is read out first
document.querySelector("[data-focus]")?.focus();
document.querySelector("[aria-invalid=true]")?.focus();

// Forms that htmx sends carry what all forms carry
document.addEventListener("htmx:config:request", (event) => {
  const form = event.detail?.ctx?.request?.body;
  if (form instanceof FormData && !form.has("csrf") && document.body.dataset.csrf) form.set("csrf", document.body.dataset.csrf);
});
