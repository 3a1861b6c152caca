// The packing table in the browser: a field that is always ready, and scans that are sent in their order, each once.
"use strict";

(() => {
  const page = document.getElementById("scan-page");
  if (!page) return;
  const form = document.getElementById("scanner");
  const field = document.getElementById("code");
  const byId = (id) => document.getElementById(id);

  // Scans wait here, and in the session of this tab, so that loading the page again loses none
  const STORE = "kolli-scans";
  const read = () => { try { return JSON.parse(sessionStorage.getItem(STORE)) || []; } catch { return []; } };
  const queue = read();
  const keep = () => { try { sessionStorage.setItem(STORE, JSON.stringify(queue)); } catch { /* a full store loses only the safety net */ } };
  const random = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let number = 0;
  const add = (fields) => {
    number += 1;
    queue.push({ key: `scan-${random}-${number}`, fields, since: performance.now() });
    keep();
    work();
  };

  const nameOf = (scan) => scan.fields.text || scan.fields.press || "";
  const showQueue = () => {
    const line = byId("queue");
    const [first, ...others] = isRefused ? [null, ...queue] : queue;
    const parts = [];
    if (first) parts.push(`${page.dataset.working} ${nameOf(first)}`);
    if (others.length) parts.push(`${page.dataset.waiting}: ${others.map(nameOf).join(", ")}`);
    line.hidden = !parts.length;
    page.classList.toggle("is-working", Boolean(parts.length));
    line.textContent = parts.join(" · ");
  };

  // One at a time; what could not be sent is sent again with its key, and the server answers it once
  let isWorking = false;
  let isRefused = false;
  let wake = () => {};
  const pause = (milliseconds) => new Promise((done) => { wake = done; window.setTimeout(done, milliseconds); });
  const setOffline = (is) => { byId("offline").hidden = !is; };
  const AGAIN = new Set([409, 429, 502, 503, 504, 507]);
  const send = async (scan) => {
    const body = new URLSearchParams({ ...scan.fields, csrf: document.body.dataset.csrf, form_key: scan.key });
    return fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "manual", signal: AbortSignal.timeout(90000) });
  };
  const work = async () => {
    showQueue();
    if (isWorking || isRefused) return;
    isWorking = true;
    let wait = 500;
    while (queue.length && !isRefused) {
      const scan = queue[0];
      let answer, text;
      try {
        answer = await send(scan);
        text = await answer.text();
      } catch {
        setOffline(true);
        await pause(wait);
        wait = Math.min(wait * 2, 5000);
        continue;
      }
      setOffline(false);
      if (AGAIN.has(answer.status)) { await pause(wait); wait = Math.min(wait * 2, 5000); continue; }
      wait = 500;
      if (answer.status !== 200) { refuse(answer, text, scan); break; }
      queue.shift();
      keep();
      show(text, scan);
      showQueue();
    }
    isWorking = false;
    showQueue();
  };

  const refuse = (answer, text, scan) => {
    isRefused = true;
    const way = byId("refused-way");
    way.href = answer.headers.get("HX-Redirect") || "/panel/packing/";
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("main .notice, main p");
    byId("refused-scan").textContent = nameOf(scan);
    const isSignedOut = answer.headers.has("HX-Redirect");
    byId("refused-why").textContent = isSignedOut ? page.dataset.signedOut : found ? found.textContent.trim() : String(answer.status);
    byId("refused").hidden = false;
    byId("warned").textContent = byId("refused").textContent;
    beep("wrong");
  };
  byId("refused-drop").addEventListener("click", () => {
    queue.shift();
    keep();
    isRefused = false;
    byId("refused").hidden = true;
    work();
  });

  const show = (text, scan) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("table");
    if (!fresh) return;
    byId("table").replaceWith(document.adoptNode(fresh));
    const answer = byId("answer");
    if (!answer) return;
    const isWrong = answer.dataset.tone === "wrong" || answer.dataset.tone === "ask";
    byId(isWrong ? "told" : "warned").textContent = "";
    byId(isWrong ? "warned" : "told").textContent = answer.dataset.spoken;
    if (scan.since <= performance.now()) performance.measure("scan", { start: scan.since, end: performance.now() });
    beep(answer.dataset.tone);
    ready();
    window.clearTimeout(glance);
    glance = window.setTimeout(look, 2000); // by then the printer has it, or does not answer
  };
  let glance;

  // Sounds: the higher the better
  const SOUNDS = {
    good: [[880, 0.09], [1320, 0.16]],
    already: [[660, 0.1], [0, 0.07], [660, 0.1], [0, 0.07], [660, 0.1]],
    next: [[1000, 0.06]],
    ask: [[520, 0.14], [780, 0.14], [520, 0.14]],
    wrong: [[190, 0.5]],
  };
  let sounds;
  const beep = (tone) => {
    if (!page.dataset.beeps || !window.AudioContext || navigator.userActivation?.hasBeenActive === false) return;
    sounds ??= new AudioContext();
    sounds.resume().catch(() => {});
    let at = sounds.currentTime + 0.01;
    for (const [pitch, seconds] of SOUNDS[tone] ?? []) {
      if (pitch) {
        const voice = sounds.createOscillator();
        const volume = sounds.createGain();
        voice.type = tone === "wrong" ? "square" : "sine";
        voice.frequency.value = pitch;
        volume.gain.setValueAtTime(0.25, at);
        volume.gain.linearRampToValueAtTime(0, at + seconds);
        voice.connect(volume).connect(sounds.destination);
        voice.start(at);
        voice.stop(at + seconds);
      }
      at += seconds;
    }
  };

  // The field is ready, unless somebody is using something else that takes text
  const takesText = (element) => element instanceof Element && element !== field
    && element.closest("input:not([type=hidden]), select, textarea, [contenteditable]");
  const isElsewhere = () => document.querySelector("dialog[open]") || takesText(document.activeElement);
  const ready = () => { if (!isElsewhere() && document.activeElement !== field) field.focus({ preventScroll: true }); };
  const soon = () => window.setTimeout(ready, 0);
  let isTabbing = false; // whoever goes through the page with Tab is not brought back, until they type or click
  document.addEventListener("click", (event) => { if (event.detail || !isTabbing) { isTabbing = false; soon(); } });
  document.addEventListener("focusout", () => { if (!isTabbing) soon(); });
  document.addEventListener("close", soon, true);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  window.addEventListener("focus", soon);
  window.addEventListener("pageshow", soon);

  // What a scanner types belongs into the field, wherever the focus is
  window.addEventListener("keydown", (event) => {
    if (event.key === "Tab") isTabbing = true;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || isElsewhere()) return;
    const pressed = document.querySelector(`[data-function-key="${CSS.escape(event.key)}"]`);
    if (pressed) { event.preventDefault(); event.stopImmediatePropagation(); pressed.click(); return; }
    if (event.target === field) {
      if (event.key === "Escape") { field.value = ""; event.preventDefault(); event.stopImmediatePropagation(); }
      return;
    }
    if (event.key.length === 1 && !(event.key === " " && event.target.closest?.("button, summary"))) {
      isTabbing = false;
      field.focus({ preventScroll: true });
      event.stopImmediatePropagation();
    }
  }, true);

  // Every form of the table becomes a scan
  window.addEventListener("submit", (event) => {
    const sent = event.target;
    if (!sent.matches("form.scan")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const fields = Object.fromEntries([...new FormData(sent)].filter(([name]) => name !== "csrf" && name !== "form_key"));
    if (sent === form) {
      window.clearTimeout(alone);
      field.value = "";
      if (!fields.text.trim()) return;
    }
    if (sent.matches(".weight")) document.activeElement.blur();
    add(fields);
  }, true);

  // One of several orders is chosen with its digit alone; a scanner would go on typing
  let alone;
  field.addEventListener("input", () => {
    window.clearTimeout(alone);
    const most = Number(byId("table").dataset.choices || 0);
    if (/^[1-9]$/.test(field.value) && Number(field.value) <= most) alone = window.setTimeout(() => form.requestSubmit(), 500);
  });

  // Devices that are touched: scanners type without the keyboard on the screen
  const keyboard = byId("keyboard");
  const setKeyboard = (isShown) => {
    field.inputMode = isShown ? "text" : "none";
    keyboard.setAttribute("aria-pressed", String(isShown));
    try { localStorage.setItem("kolli-keyboard", isShown ? "yes" : "no"); } catch { /* remembered until the page is left */ }
  };
  if (window.matchMedia("(pointer: coarse)").matches) {
    let wanted = null;
    try { wanted = localStorage.getItem("kolli-keyboard"); } catch { /* not remembered */ }
    setKeyboard(wanted === "yes");
  }
  keyboard.addEventListener("click", () => { setKeyboard(field.inputMode === "none"); field.blur(); field.focus(); });

  // How the printer is, and whether the server can be reached
  const look = async () => {
    try {
      const answer = await fetch("/panel/packing/status/", { headers: { "HX-Request": "true" }, redirect: "manual", signal: AbortSignal.timeout(8000) });
      setOffline(answer.status === 502 || answer.status === 504);
      if (answer.status === 200) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("printer");
        if (fresh) {
          const before = byId("printer");
          const hasStopped = fresh.matches(".bad") && !before.matches(".bad");
          before.replaceWith(document.adoptNode(fresh));
          if (hasStopped) { byId("warned").textContent = fresh.textContent.trim(); beep("wrong"); }
        }
      }
      wake();
    } catch {
      setOffline(true);
    }
  };
  window.setInterval(() => { if (!document.hidden) look(); }, 10000);
  window.addEventListener("online", look);
  window.addEventListener("offline", () => setOffline(true));

  if (queue.length) work(); // the page has the field focused by itself
})();
