// The request log: shows requests as they come in, a few seconds after they were answered, until somebody pauses it.
"use strict";

const EVERY_MS = 2000;
const MOST_ROWS = 500; // a log that is left open for days must not fill the browser's memory

const table = document.getElementById("requests");
const pause = document.getElementById("pause");
let isPaused = false;
let isAsking = false;

const newest = () => table.querySelector("tr")?.dataset.id ?? "0";

async function look() {
  if (isPaused || isAsking || document.hidden) return;
  isAsking = true;
  try {
    const address = table.dataset.polls;
    const response = await fetch(`${address}${address.endsWith("?") ? "" : "&"}after=${newest()}`, { headers: { "HX-Request": "true" } });
    if (response.status !== 200) { stop(); return; } // nobody is signed in any more
    add(await response.text());
  } catch {
    // The server cannot be reached at this moment; it is asked again.
  } finally {
    isAsking = false;
  }
}

function add(rows) {
  if (!rows.trim()) return;
  const made = document.createElement("template");
  made.innerHTML = `<table><tbody>${rows}</tbody></table>`; // a part of a page of ours, where the server has escaped what came from outside
  const fresh = [...made.content.querySelectorAll("tr")];
  for (const row of fresh) row.classList.add("is-new");
  table.prepend(...fresh);
  while (table.rows.length > MOST_ROWS) table.lastElementChild.remove();
  document.getElementById("none")?.remove();
}

function stop() {
  isPaused = true;
  pause.setAttribute("aria-pressed", "true");
  pause.textContent = pause.dataset.resume;
}

if (table?.dataset.polls && pause) {
  pause.hidden = false;
  pause.addEventListener("click", () => {
    if (isPaused) {
      isPaused = false;
      pause.setAttribute("aria-pressed", "false");
      pause.textContent = pause.dataset.pause;
      look();
    } else stop();
  });
  setInterval(look, EVERY_MS);
}
