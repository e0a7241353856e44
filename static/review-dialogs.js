// Dialogs of the review screen: opened by button or key, aimed at the item in hand, answered by digits and Enter.
"use strict";
(() => {
  const QUICK_MS = 1500; // A digit this soon after the key that opened the dialog also sends it, where the dialog says so.
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const opened = () => $("dialog[open]");
  let openedAt = 0;
  let byKey = false;

  function show(name, key) {
    const dialog = document.getElementById(name);
    if (!dialog || dialog.open) return Boolean(dialog);
    all("[data-due]", dialog).forEach((note) => {
      const due = $("#lease")?.dataset.due;
      note.hidden = !due;
      $("b", note).textContent = due || "";
    });
    dialog.showModal();
    dialog.dispatchEvent(new Event("shown"));
    reveal(dialog);
    openedAt = performance.now();
    byKey = key;
    ($("[autofocus]", dialog) || $("input[type=radio]:checked", dialog) || $("textarea, select, input:not([type=hidden])", dialog) || $("[data-close]", dialog))?.focus();
    return true;
  }

  // A field that belongs to one choice shows with it only.
  function reveal(dialog) {
    all("[data-shows]", dialog).forEach((field) => {
      const [name, value] = field.dataset.shows.split("=");
      field.hidden = $(`input[name="${name}"]:checked`, dialog)?.value !== value;
    });
  }

  const typing = (target) => /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === "INPUT" && !/^(radio|checkbox)$/.test(target.type));

  addEventListener("click", (event) => {
    const button = event.target.closest("[data-dialog]");
    const note = $("#item-note");
    if (button && Object.values(SIGNS).includes(button.dataset.dialog)) pick(button.dataset.dialog, note.selectionStart, note.selectionEnd);
    else if (button && show(button.dataset.dialog, event.detail === 0)) event.preventDefault();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });

  addEventListener("keydown", (event) => {
    const dialog = opened();
    if (!dialog || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const digit = /^[0-9]$/.test(event.key) ? event.key : /^Digit([0-9])$/.exec(event.code)?.[1];
    const radio = digit && $(`input[data-digit="${digit}"]`, dialog);
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    radio.focus();
    reveal(dialog);
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    if (byKey && "quick" in dialog.dataset && performance.now() - openedAt < QUICK_MS) $("form", dialog).requestSubmit();
    byKey = false;
  });

  addEventListener("change", (event) => {
    const dialog = event.target.closest("dialog");
    if (dialog) reveal(dialog);
  });

  // The changed action goes into the form of Confirm, and into the open form of one's own call.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-wishes]")) return;
    const radio = $("input[name=action]:checked", form);
    if (!radio) { event.preventDefault(); return; }
    const said = new FormData(form);
    all("[data-confirm] [data-wish]").forEach((field) => { field.value = said.get(field.dataset.wish) || ""; });
    ["action", "days", "territories"].forEach((name) => {
      const field = $(`#override [name="${name}"]`);
      if (field) field.value = said.get(name) || "";
    });
    const where = said.get("territories");
    const words = [radio.dataset.words, said.get("days") ? form.dataset.days.replace("{n}", () => said.get("days")) : "", where ? form.dataset.where.replace("{territories}", () => where) : ""].filter(Boolean).join(", ");
    all("[data-does]").forEach((place) => { place.textContent = words; });
    $("#override")?.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // ---- a section or a person for a note: by button, or by the sign typed where a word begins
  const SIGNS = { "#": "pick-section", "@": "pick-person" };
  let place = null; // Where the chosen word goes, and whether a sign that was typed stands there.

  function pick(name, start, end) {
    const dialog = document.getElementById(name);
    if (!dialog) return;
    place = { field: $("#item-note"), start, end };
    $("[data-narrows]", dialog).value = "";
    show(name, false);
    narrow(dialog);
  }

  // Only what holds every word that was typed; the first of it is marked.
  function narrow(dialog) {
    const words = $("[data-narrows]", dialog).value.toLowerCase().split(/\s+/).filter(Boolean);
    const labels = all(".options label", dialog);
    labels.forEach((label) => { label.hidden = !words.every((word) => label.textContent.toLowerCase().includes(word)); });
    const first = labels.find((label) => !label.hidden);
    all("input[type=radio]", dialog).forEach((radio) => { radio.checked = first?.contains(radio) || false; });
    const told = $("[role=status]", dialog);
    told.textContent = !labels.length ? "" : first ? `${labels.filter((label) => !label.hidden).length}: ${first.textContent.trim()}. ${told.dataset.some}` : told.dataset.none;
  }

  // Without a choice the note is as it would be had nobody helped: the sign, and what was typed after it.
  function put(dialog, word) {
    const { field, start, end } = place;
    place = null;
    dialog.close();
    const rest = $("[data-narrows]", dialog).value;
    if (word) field.setRangeText(`${word} `, start, end, "end");
    else if (end > start && SIGNS[field.value.slice(start, end)]) field.setRangeText(rest, end, end, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches("dialog [data-narrows]")) narrow(field.closest("dialog"));
    if (field.id !== "item-note" || event.isComposing || !SIGNS[event.data]) return;
    const at = field.selectionStart;
    if (!/\S/.test(field.value.slice(0, at - 1).slice(-1))) pick(SIGNS[event.data], at - 1, at);
  });
  addEventListener("keydown", (event) => {
    const dialog = event.target.closest("dialog");
    if (event.key !== "ArrowDown" || !event.target.matches("dialog [data-narrows]")) return;
    event.preventDefault();
    $("input[type=radio]:checked", dialog)?.focus();
  });
  addEventListener("submit", (event) => {
    if (!event.target.matches("[data-picks]") || !place) return;
    event.preventDefault();
    const chosen = all("input[type=radio]:checked", event.target).find((radio) => !radio.closest("label").hidden);
    if (chosen) put(event.target.closest("dialog"), chosen.value);
  });
  document.addEventListener("close", (event) => { if (place && event.target.matches("dialog:not([data-open])")) put(event.target, ""); }, true);
  document.addEventListener("htmx:load", (event) => {
    const dialog = event.target.closest("dialog[open]");
    if (place && dialog) narrow(dialog);
    all("[data-scripted]").forEach((node) => { node.hidden = false; });
  });

  // The dialogs outlive the item: what they send is about the one in hand now.
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.target.closest("form[data-act]");
    const lease = $("#lease");
    if (!form || !lease) return;
    event.detail.path = `/review/${lease.dataset.item}/${form.dataset.act}`;
    event.detail.parameters.task = lease.dataset.task;
    event.detail.parameters.epoch = lease.dataset.epoch;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "desk") return;
    const dialog = opened();
    if (!dialog) return;
    dialog.close();
    all("form", dialog).forEach((form) => form.reset());
    all("[id^=problem-]", dialog).forEach((place) => place.replaceChildren());
  });

  // ---- a note or a case that is typed is kept on the server, and outlives its item: it waits in a dialog of its own
  const KEEP_MS = 1000;
  const kept = () => all("#kept [data-keeps]");
  const waits = new Map(); // The timer of each form that has something to keep.
  const running = new Map(); // What is being kept, so that sending waits for it.

  function keep(form) {
    clearTimeout(waits.get(form));
    waits.delete(form);
    const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    const done = fetch(form.dataset.keeps, { method: "POST", body: new FormData(form), headers, keepalive: true })
      .then((answer) => answer.ok, () => false)
      .then((ok) => { form.toggleAttribute("data-lost", !ok); if (running.get(form) === done) running.delete(form); });
    running.set(form, done);
  }
  addEventListener("input", (event) => {
    const form = event.target.closest("[data-keeps]");
    if (!form) return;
    form.setAttribute("data-typed", "");
    clearTimeout(waits.get(form));
    waits.set(form, setTimeout(keep, KEEP_MS, form));
  });
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target.closest("[data-keeps]");
    if (!form) return;
    clearTimeout(waits.get(form));
    waits.delete(form);
    if (!running.has(form)) return;
    event.preventDefault();
    running.get(form).then(() => event.detail.issueRequest(true));
  });
  document.addEventListener("review:signedin", () => { all("[data-lost]").forEach(keep); });
  addEventListener("pagehide", () => { [...waits.keys()].forEach(keep); });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "desk" || !event.detail.shouldSwap) return;
    all("#desk [data-keeps][data-typed]").forEach((form) => {
      if (waits.has(form)) keep(form);
      const mark = `-${form.getAttribute("action")}`;
      all("[id]", form).forEach((node) => { node.id += mark; });
      all("[for]", form).forEach((node) => { node.htmlFor += mark; });
      all("[aria-describedby]", form).forEach((node) => { node.setAttribute("aria-describedby", node.getAttribute("aria-describedby") + mark); });
      const place = document.createElement("div");
      form.setAttribute("hx-target", "closest div.kept");
      form.setAttribute("hx-swap", "innerHTML");
      if (form.elements.apart) form.elements.apart.value = "yes";
      all("[data-scripted]", form).forEach((node) => { node.remove(); });
      place.className = "kept";
      const link = document.createElement("a");
      link.href = `/review/${/[0-9a-f-]{36}/.exec(form.dataset.keeps)[0]}`;
      link.textContent = $("#kept").dataset.item;
      form.prepend(link);
      place.append(form);
      $("#kept .body").append(place);
    });
  });
  // Back at its item, such as after an undo, it stands there again; a case comes from the server, a note with its last letter.
  function restore(form) {
    const own = $(`#desk [data-keeps="${form.dataset.keeps}"]`);
    if (!own) return;
    if (own.elements.apart) own.elements.text.value = form.elements.text.value;
    own.setAttribute("data-typed", "");
    own.closest("details")?.setAttribute("open", "");
    form.closest(".kept").remove();
  }
  function tellOfKept() {
    kept().forEach(restore);
    const shown = $("#kept-button");
    if (!kept().length) shown?.remove();
    const bar = $(".itembar .end") || $(".itembar");
    if (shown || !kept().length || !bar) return;
    const button = document.createElement("button");
    Object.assign(button, { id: "kept-button", type: "button", className: "btn small", textContent: $("#kept").dataset.words });
    button.dataset.dialog = "kept";
    bar.prepend(button);
  }
  // Once more when all has settled: a page that is swapped again at once gets no load of its own.
  ["htmx:load", "htmx:afterSettle"].forEach((name) => { document.addEventListener(name, tellOfKept); });
  addEventListener("beforeunload", (event) => { if ($("[data-lost]")) event.preventDefault(); });

  // Without the modal the page behind would still act: what the server opened becomes a real dialog.
  const start = () => all("dialog[open]").forEach((dialog) => { dialog.close(); show(dialog.id, false); });
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start); else start();
})();
