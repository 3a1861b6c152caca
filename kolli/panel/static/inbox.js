// The inbox: what is selected, and the address of what was searched for.
"use strict";

const boxes = () => [...document.querySelectorAll("#selection tbody [type=checkbox]")];
let last = null;

const count = () => {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  const bar = document.querySelector("[data-bar]");
  if (!bar) return;
  bar.hidden = chosen.length === 0;
  bar.querySelectorAll("[data-one]").forEach((each) => {
    each.textContent = chosen.length === 1 ? each.dataset.one : each.dataset.many.replace("{n}", chosen.length);
  });
  all.forEach((box) => box.closest("tr").setAttribute("aria-selected", String(box.checked)));
  const every = document.querySelector("[data-all]");
  every.checked = chosen.length === all.length;
  every.indeterminate = chosen.length > 0 && chosen.length < all.length;
  bar.querySelector("[data-none]").hidden = false;
};

const begin = () => {
  const every = document.querySelector("[data-all]");
  if (!every) return;
  every.hidden = false;
  last = null;
  count();
};

document.addEventListener("click", (event) => {
  if (event.target.matches("[data-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.closest("[data-none]")) boxes().forEach((box) => { box.checked = false; });
  if (event.target.matches("#selection tbody [type=checkbox]")) {
    const all = boxes();
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((one, other) => one - other);
      all.slice(from, to + 1).forEach((box) => { box.checked = event.target.checked; });
    }
    last = event.target;
  }
  count();
});

// A file opens beside the page, which may be used at once for something else
document.addEventListener("submit", (event) => {
  if (event.submitter?.formTarget === "_blank") window.setTimeout(() => { delete event.target.dataset.sent; }, 0);
});

// What was searched for while typing has an address of its own too
document.addEventListener("htmx:after:swap", () => {
  const list = document.getElementById("list");
  if (list) window.history.replaceState(window.history.state, "", list.dataset.address);
  begin();
});
begin();
