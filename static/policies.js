// The draft's page: saves by itself, keeps the hold, says clearly what is not stored, moves sections.
"use strict";

// A place for another room's fragment stays empty where that room has nothing at its address. What a form in it was answered is shown.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 404 && event.target.matches("[data-slot]")) event.detail.shouldSwap = false;
});

const form = document.querySelector("[data-draft]");
if (form) startEditor(form);

function startEditor(form) {
  const base = `/policies/${form.dataset.draft}/draft`;
  const field = form.elements.source;
  const note = form.elements.note;
  const told = document.getElementById("saved");
  const words = document.getElementById("words").dataset;
  const gutter = document.getElementById("gutter");
  const PAUSE = 1000, BEAT = 20000, LONGEST = 30000;
  let stored = form.hasAttribute("data-unsaved") ? null : state();
  let timer = 0, wait = 0, busy = false, over = form.hasAttribute("data-readonly"), leaving = false;

  function state() { return `${field.value}\u0000${note.value}`; }
  function say(text, kind) { told.textContent = text; told.className = kind ? `${kind}-ink strong` : ""; }
  function post(path, extra) {
    const body = new FormData(form);
    for (const [key, value] of Object.entries(extra || {})) body.set(key, value);
    // Without a session the answer is 401, not a way to the sign-in page that would look like a save.
    const headers = { "HX-Request": "true", ...(path === "hold" ? { "X-Background": "yes" } : {}) };
    return fetch(`${base}/${path}`, { method: "POST", body, headers });
  }

  async function save() {
    clearTimeout(timer);
    if (over || busy || leaving || state() === stored) return;
    busy = true;
    let pause = PAUSE;
    const sent = state();
    const asked = performance.now();
    say(words.saving);
    try {
      const answer = await post("autosave");
      const body = await answer.json().catch(() => ({}));
      if (answer.ok) {
        stored = sent;
        wait = 0;
        form.elements.saves.value = body.saves;
        say(body.at, state() === sent ? "" : "warn");
      } else if (answer.status >= 500) {
        retry(words.away);
      } else if (answer.status === 409 || answer.status === 404) {
        lose(body);
      } else {
        say(body.message ? words.refused.replace("{why}", () => body.message) : words.signedOut, "bad");
        const out = answer.status === 401 && new CustomEvent("review:signedout", { cancelable: true, detail: { asked } });
        if (!out || document.dispatchEvent(out)) pause = LONGEST;
      }
    } catch {
      retry(words.offline);
    } finally {
      busy = false;
    }
    if (!over && !wait && state() !== stored) later(pause);
  }

  function retry(why) {
    wait = Math.min(LONGEST, wait ? wait * 2 : 1000);
    say(why.replace("{n}", Math.round(wait / 1000)), "bad");
    later(wait);
  }
  function later(milliseconds) { clearTimeout(timer); timer = setTimeout(save, milliseconds); }

  function lose(body) {
    over = true;
    field.readOnly = true;
    say(words.lost, "bad");
    const box = document.createElement("div");
    box.className = "note bad";
    box.setAttribute("role", "alert");
    const texts = document.createElement("div");
    const what = document.createElement("p");
    what.className = "strong";
    what.textContent = body.held ? words.taken.replace("{who}", () => body.holder) : body.message || words.moved;
    const next = document.createElement("p");
    next.textContent = body.kept ? words.kept : words.copy;
    texts.append(what, next);
    const link = document.createElement("a");
    link.className = "btn small";
    link.href = base;
    link.textContent = words.again;
    link.addEventListener("click", () => { leaving = true; });
    box.append(texts, link);
    form.before(box);
    box.scrollIntoView({ block: "nearest" });
  }

  async function beat() {
    if (over) return;
    try {
      const held = await (await post("hold")).json();
      if (!held.mine && held.holder) {
        if (state() === stored) location.reload(); else save();
      }
    } catch { /* the next save says that the connection is gone */ }
  }

  function lines() {
    const wanted = field.value.split("\n").length + 12;
    const marked = new Set([...document.querySelectorAll("#findings [data-line]")].map((each) => Number(each.dataset.line)));
    field.rows = wanted;
    gutter.replaceChildren(...Array.from({ length: wanted }, (_, at) => {
      if (!marked.has(at + 1)) return document.createTextNode(`${at + 1}\n`);
      const bold = document.createElement("b");
      bold.textContent = `${at + 1}!\n`;
      return bold;
    }));
  }
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "findings") lines(); });

  form.addEventListener("input", () => {
    if (over) return;
    lines();
    if (!wait) { say(words.changed, "warn"); later(PAUSE); }
  });
  form.addEventListener("submit", () => { leaving = true; });
  addEventListener("online", save);
  document.addEventListener("review:signedin", save);
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("beforeunload", (event) => { if (!leaving && state() !== stored && stored !== null) event.preventDefault(); });
  addEventListener("pagehide", () => {
    if (over) return;
    const body = new FormData(form);
    body.set("leave", "yes");
    body.delete("source");
    navigator.sendBeacon(`${base}/hold`, body);
  });

  // Lines: a finding or a section of the list puts the caret on its line.
  function caretTo(line) {
    const before = field.value.split("\n").slice(0, line - 1).join("\n");
    const at = before.length + (line > 1 ? 1 : 0);
    field.focus({ preventScroll: true });
    field.setSelectionRange(at, at + (field.value.slice(at).split("\n")[0] || "").length);
    // Without line numbers the lines wrap, so how far down it is can only be told by the share of the text before it.
    const top = field.getBoundingClientRect().top + scrollY + (gutter.checkVisibility() ? (line - 1) * parseFloat(getComputedStyle(field).lineHeight) : (field.scrollHeight * at) / (field.value.length || 1));
    scrollTo({ top: Math.max(0, top - innerHeight / 3) });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-line]");
    if (!link) return;
    event.preventDefault();
    document.querySelectorAll("#outline [aria-current]").forEach((each) => each.removeAttribute("aria-current"));
    if (link.dataset.code) link.setAttribute("aria-current", "true");
    caretTo(Number(link.dataset.line));
  });

  function lineOfCaret() { return field.value.slice(0, field.selectionStart).split("\n").length; }
  function codeOfCaret() {
    const heads = field.value.split("\n").slice(0, lineOfCaret()).filter((line) => line.startsWith("## "));
    return heads.length ? heads[heads.length - 1].slice(3).trim().split(" ")[0] : "";
  }
  document.querySelectorAll("[data-section]").forEach((button) => button.addEventListener("click", async () => {
    const box = document.getElementById("section-told");
    if (over) { box.textContent = words.held; return; }
    try {
      const answer = await post("section", { do: button.dataset.section, code: codeOfCaret(), line: lineOfCaret() });
      const body = await answer.json();
      if (!answer.ok) { box.textContent = body.message; return; }
      box.textContent = body.source === field.value ? words.caret : "";
      if (body.source === field.value) return;
      // As if typed, so that the browser's own undo takes it back.
      field.focus();
      field.select();
      if (!document.execCommand("insertText", false, body.source)) field.value = body.source;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    } catch { box.textContent = words.unreached; }
  }));

  lines();
  if (!over) { beat(); setInterval(beat, BEAT); }
  if (stored === null && !over) later(PAUSE);
}
