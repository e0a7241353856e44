// The review screen by keyboard: keys, the form for one's own call, lease, undo ring, evidence marks.
"use strict";
(() => {
  const INERT_MS = 700; // Confirm and Keep ignore presses this soon after the screen changed under the hand.
  const RENEW_MS = 20_000;
  const DRAFT_MS = 1_000;
  const ARRIVED_MS = 2_000; // By then the page before has said that it was left.
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  let changedAt = performance.now();
  let busy = false;
  let leaseEnds = 0;
  let undoEnds = 0;
  let undoWindow = 1;
  let renewedAt = performance.now();
  let said = "";

  const visible = (node) => node.getClientRects().length > 0;
  const isOpen = () => Boolean($("#decisionbar [data-when=overriding]:not([hidden])"));
  const typing = (target) =>
    target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target.tagName === "INPUT" && !/^(radio|checkbox|button|submit)$/.test(target.type));

  function clock(seconds) {
    const left = Math.max(0, Math.ceil(seconds));
    return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }

  // ---- the form for one's own call
  function setOpen(open, focus) {
    if (!$("#override")) return;
    all("[data-when]").forEach((node) => { node.hidden = (node.dataset.when === "overriding") !== open; });
    if (!open) { $("[aria-label=Verdict].pane")?.focus({ preventScroll: true }); return; }
    const first = focus || $("#override [name=section]:checked") || $("#override [name=section]");
    first?.focus();
    first?.scrollIntoView({ block: "nearest" });
    describe();
  }

  function describe() {
    const chosen = $("#override [name=section]:checked");
    const other = $("#override [data-other]");
    if (other) other.hidden = chosen?.value !== "other";
    const saves = $("#saves");
    if (!saves || !chosen) return;
    const action = $("#action");
    const code = action.value || chosen.dataset.action;
    const word = code ? [...action.options].find((option) => option.value === code)?.text : saves.dataset.usual;
    $("[data-saves]", saves).textContent = saves.dataset.line.replace("{call}", () => chosen.dataset.words).replace("{action}", () => word);
  }

  // The reason that is usual for a section, until the person chooses one.
  function presetReason(section) {
    const form = $("#override");
    const reason = section.dataset.reason;
    const usual = reason && !form.dataset.reasoned && $(`#override [name=reason_code][value="${reason}"]`);
    if (usual) usual.checked = true;
  }

  function choose(digit) {
    const radio = $(`#override [data-digit="${digit}"]`);
    if (!radio) return;
    radio.checked = true;
    presetReason(radio);
    setOpen(true, radio);
    if (radio.value === "other") $("#other")?.focus();
  }

  // ---- evidence, citations, focus
  function toggleMarks() {
    const off = $(".workspace").classList.toggle("marks-off");
    $("[data-marks]").setAttribute("aria-pressed", String(!off));
  }

  function cite(step) {
    const chips = all("#rest .citation");
    if (!chips.length) return;
    const at = chips.findIndex((chip) => chip.hasAttribute("aria-current"));
    const chip = chips[(at + step + chips.length) % chips.length];
    chip.click();
    $(chip.getAttribute("href").replace(/\./g, "\\."))?.scrollIntoView({ block: "nearest" });
  }

  // ---- masked text: what is revealed is forgotten with the page
  function reveal(mask, on) {
    const pieces = all("#desk .mask").filter((each) => each.value === mask.value);
    for (const each of pieces) {
      each.setAttribute("aria-pressed", String(on));
      each.classList.toggle("shown", on);
      each.textContent = on ? each.dataset.word : each.dataset.mask;
    }
    const said = $("#revealed");
    if (said) said.textContent = on ? pieces.map((each) => each.dataset.word).join(" ") : "";
  }

  function revealNext(everything) {
    const hidden = all("#desk .mask[aria-pressed=false]").filter(visible);
    if (everything) hidden.forEach((mask) => reveal(mask, true));
    else if (hidden.length) { reveal(hidden[0], true); hidden[0].scrollIntoView({ block: "nearest" }); }
    $("[data-reveal=next]")?.setAttribute("aria-disabled", String(!all("#desk .mask[aria-pressed=false]").some(visible)));
  }

  function toggleFocus() {
    const on = document.body.classList.toggle("focusview");
    all("[data-focus]").forEach((button) => button.setAttribute("aria-pressed", String(on)));
  }

  // ---- keys of one's own: what a pressed key stands for, and the caps that say so
  const keymap = JSON.parse($("#desk")?.dataset.keymap || "{}");
  const own = (key) => (key in keymap ? keymap[key] : key);
  const caps = Object.fromEntries(Object.entries(keymap).filter(([, supplied]) => supplied).map(([key, supplied]) => [supplied, key]));
  const moved = JSON.parse($("#desk")?.dataset.moved || "{}");
  function relabel() {
    all("[data-key] > .kbd").forEach((cap) => {
      const key = cap.parentNode.dataset.key;
      if (caps[key]) cap.textContent = caps[key];
    });
  }

  // The first time in a session a moved key only says what it does now: hands remember longer than people.
  function isNew(name) {
    const cap = caps[name];
    if (!cap || !moved[cap] || sessionStorage.getItem(`key-${cap}`) === name) return false;
    sessionStorage.setItem(`key-${cap}`, name);
    tell(moved[cap]);
    return true;
  }

  const special = {
    "[": () => cite(-1),
    "]": () => cite(1),
    x: () => {
      const button = all("[data-dialog=change-action]").find(visible);
      if (isOpen() || !button) setOpen(true, $("#action")); else button.click();
    },
    n: () => {
      const fold = $("#notes details");
      if (!fold || isOpen() || $("#override").getClientRects().length) { setOpen(true, $("#reason")); return; }
      fold.open = true;
      $("#item-note").focus();
    },
  };

  let going = 0;
  const places = { q: "/", p: "/policies/", e: "/engine/", f: "/prefilter/", a: "/audit/" };

  addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || (event.ctrlKey && !event.getModifierState("AltGraph")) || event.metaKey) return;
    if (event.altKey && !event.getModifierState("AltGraph")) return;
    if ($("dialog[open]")) return;
    const desk = $("#desk");
    const name = nameOfKey(event, own);
    if (event.key === "Enter" && desk && isOpen() && event.target.tagName === "INPUT" && event.target.form?.id === "override") {
      event.preventDefault();
      $("#override").requestSubmit();
      return;
    }
    if (typing(event.target)) {
      if (name === "Escape" && desk) { event.target.blur(); setOpen(false); }
      return;
    }
    const control = event.target.closest("a, button, summary");
    if (name === "Enter" && (control || (event.target.form && event.target.form.id !== "override"))) return;
    const place = places[nameOfKey(event, (character) => character)];
    if (going && performance.now() - going < 1500 && place) { location.assign(place); return; }
    if (isNew(name)) { event.preventDefault(); return; }
    going = name === "g" ? performance.now() : 0;
    if (desk && $("#override")) {
      const shift = event.shiftKey && /^Digit([1-5])$/.exec(event.code)?.[1];
      if (shift && isOpen()) {
        $(`#override [data-shift="${shift}"]`).checked = true;
        $("#override").dataset.reasoned = "yes";
        event.preventDefault();
        return;
      }
      if (/^[0-9]$/.test(name) && !event.shiftKey) { event.preventDefault(); choose(name); return; }
      if (special[name]) { event.preventDefault(); special[name](); return; }
      if (name === "Enter" && isOpen()) { event.preventDefault(); $("#override").requestSubmit(); return; }
    }
    if (name === "w" && $("#reveal")) { event.preventDefault(); revealNext(event.shiftKey); return; }
    if (!name) return;
    const buttons = all(`[data-key="${name}"]`);
    const button = buttons.find(visible) || buttons.find((each) => each.dataset.dialog);
    if (!button || (name === "c" && isOpen())) return;
    event.preventDefault();
    button.click();
    if (button.matches("summary")) button.focus();
  });

  addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-open]")) { event.preventDefault(); setOpen(true); return; }
    if (at("[data-cancel]")) { event.preventDefault(); setOpen(false); return; }
    const mask = at(".mask");
    if (mask) { event.preventDefault(); reveal(mask, mask.getAttribute("aria-pressed") !== "true"); return; }
    const more = at("[data-reveal]");
    if (more) { event.preventDefault(); revealNext(more.dataset.reveal === "all"); return; }
    if (at("[data-marks]")) toggleMarks();
    if (at("[data-focus]")) toggleFocus();
    const disabled = at("[aria-disabled=true]");
    if (disabled) event.preventDefault();
    if (disabled?.dataset.key === "t") tell(disabled.title);
  });

  addEventListener("change", (event) => {
    const form = event.target.closest("#override");
    if (!form) return;
    if (event.target.name === "reason_code") form.dataset.reasoned = "yes";
    if (event.target.name === "section") presetReason(event.target);
    describe();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("#reference")) event.preventDefault();
  });

  // Capture, so that it comes before htmx: a press that is too early, or a second one, sends nothing.
  addEventListener("submit", (event) => {
    const form = event.target;
    // Who still pressed Enter for the item before has not read what came in its place.
    if (form.matches("[data-read]") && performance.now() - changedAt < INERT_MS) { event.preventDefault(); return; }
    if (!form.closest("#desk, #dialogs") || form.closest("#notes, #translation") || !form.hasAttribute("hx-post")) return;
    if (!form["htmx-internal-data"]) htmx.process(form); // a press in the moment between swap and settling
    const accepts = form.matches("[data-confirm]") || event.submitter?.matches("[data-keep]");
    const early = accepts && performance.now() - changedAt < INERT_MS;
    const disabled = form.matches("[data-confirm]") && $("button", form).getAttribute("aria-disabled") === "true";
    if (busy || early || disabled) { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);

  // What is typed is kept before its screen goes: the answer to such a form may show it again, or hand it on.
  document.addEventListener("htmx:confirm", (event) => {
    const form = event.target;
    if (!form.matches("#desk form[hx-post], #dialogs form[hx-post]") || form.matches("#translate, [data-keeps]")) return;
    if (form.id === "override") { clearTimeout(draftTimer); draftTimer = 0; } else if (draftTimer) draft();
    if (!keeping) return;
    event.preventDefault();
    busy = true;
    keeping.then(() => { busy = false; event.detail.issueRequest(true); });
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.requestConfig.verb !== "post" || !event.target.closest("#desk form, #dialogs form") || event.target.id === "translate") return;
    busy = true;
  });
  document.addEventListener("htmx:afterRequest", () => { busy = false; });
  document.addEventListener("htmx:sendError", () => {
    busy = false;
    tell($("#desk")?.dataset.offline);
  });

  function tell(words) {
    const place = $("#verdict .verdict") || $("#desk main");
    if (!place) return;
    $("#told")?.remove();
    const note = document.createElement("section");
    note.id = "told";
    const inner = document.createElement("div");
    inner.className = "note bad";
    inner.setAttribute("role", "alert");
    inner.textContent = words;
    note.append(inner);
    place.prepend(note);
  }

  // ---- after a swap: clocks, focus, the moment from which Confirm counts
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "desk" && event.target.id !== "verdict") return;
    arrive();
    if (!$("#decisionbar [data-when]")) leaseEnds = Math.min(leaseEnds, performance.now());
    if (event.target.id !== "desk") { $("#problem a, #problem button")?.focus(); return; }
    document.body.classList.remove("focusview");
    if (isOpen()) setOpen(true); else $("#desk .pane")?.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if ($("#override")?.hidden === false && isOpen()) setOpenQuietly();
    if (document.activeElement === document.body) $("#verdict")?.focus({ preventScroll: true });
    changedAt = performance.now();
  });

  function setOpenQuietly() {
    all("[data-when]").forEach((node) => { node.hidden = node.dataset.when !== "overriding"; });
  }

  function arrive() {
    const now = performance.now();
    changedAt = now;
    renewedAt = now;
    said = "";
    clearTimeout(draftTimer);
    draftTimer = 0;
    const lease = $("#lease");
    leaseEnds = lease ? now + Number(lease.dataset.left) * 1000 : 0;
    const undo = $("[data-undo]");
    undoEnds = undo ? now + Number(undo.dataset.left) * 1000 : 0;
    undoWindow = undo ? Number(undo.dataset.window) * 1000 : 1;
    relabel();
    remind();
    describe();
    tick();
    if (lease && Number(lease.dataset.left) < 60) renew(true);
  }

  function tick() {
    const now = performance.now();
    const lease = $("#lease");
    if (lease && leaseEnds) {
      const left = (leaseEnds - now) / 1000;
      $("[data-clock]", lease).textContent = left > 0 ? clock(left) : lease.dataset.ended;
      lease.classList.toggle("low", left < 60);
      const told = lease.dataset;
      const word = left <= 0 ? told.over : left < 15 ? told.seconds : left < 60 ? told.minute : "";
      $("[data-lease-hint]", lease).textContent = left <= 0 ? "" : left < 60 ? told.keep : told.renews;
      if (word !== said) { said = word; $("#lease-said").textContent = word; }
    }
    const undo = $("[data-undo]");
    if (!undo) return;
    const left = Math.max(0, undoEnds - now);
    all("[data-undo] :is(text, [data-remains])").forEach((node) => { node.textContent = String(Math.ceil(left / 1000)); });
    $(".v", undo).setAttribute("stroke-dasharray", `${(94.2 * left / undoWindow).toFixed(1)} 94.2`);
    if (left === 0) {
      $("button", undo).setAttribute("aria-disabled", "true");
      $("button", undo).disabled = true;
      undo.classList.add("idle");
      undo.closest(".decisionbar").classList.remove("undoing");
    }
  }
  setInterval(tick, 250);

  // ---- time at work: an open tab without input does not count
  const IDLE_MS = 15_000;
  let inputAt = performance.now();
  let activeMs = 0;
  function work() {
    const now = performance.now();
    activeMs += Math.min(now - inputAt, IDLE_MS);
    workedMs = now - inputAt > 5 * 60_000 ? 0 : workedMs + Math.min(now - inputAt, IDLE_MS);
    inputAt = now;
  }
  let workedMs = 0;
  function remind() {
    const minutes = $("#rest-offer") ? Number($("#desk").dataset.break) : 0;
    const end = $(".itembar .end");
    if (!minutes || !end || workedMs < minutes * 60_000) return;
    workedMs = 0;
    end.prepend($("#rest-offer").content.cloneNode(true));
  }
  function seat(lease) {
    const body = new FormData();
    body.set("task", lease.dataset.task);
    body.set("epoch", lease.dataset.epoch);
    body.set("active", String(Math.floor(activeMs / 1000)));
    activeMs %= 1000;
    return body;
  }

  // ---- what is typed is kept on the server; a page that is left gives its claim back soon
  let draftTimer = 0;
  let keeping = null; // The draft on its way, so that what follows from it waits.
  function draft() {
    clearTimeout(draftTimer);
    draftTimer = 0;
    const form = $("#override");
    const lease = $("#lease");
    if (!form || !lease) return;
    if (busy) { draftTimer = setTimeout(draft, DRAFT_MS); return; }
    const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    const sent = fetch(`/review/${lease.dataset.item}/draft`, { method: "POST", body: new FormData(form), headers: token, keepalive: true })
      .catch(() => {}).then(() => { if (keeping === sent) keeping = null; });
    keeping = sent;
  }
  addEventListener("input", (event) => {
    if (!event.target.closest("#override")) return;
    $("#override").dataset.typed = "yes";
    clearTimeout(draftTimer);
    draftTimer = setTimeout(draft, DRAFT_MS);
  });
  document.addEventListener("review:signedin", () => { if ($("#override")?.dataset.typed) draft(); });
  addEventListener("pagehide", () => {
    const lease = $("#lease");
    if (!lease) return;
    if (draftTimer) draft();
    const body = seat(lease);
    body.set("csrfmiddlewaretoken", $("[name=csrfmiddlewaretoken]")?.value || "");
    navigator.sendBeacon(`/review/${lease.dataset.item}/leave`, body);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // ---- the lease is renewed while somebody works
  function renew(always = false) {
    const lease = $("#lease");
    const now = performance.now();
    if (!lease || (!always && now - renewedAt < RENEW_MS) || now > leaseEnds) return;
    renewedAt = now;
    const body = seat(lease);
    const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    fetch(`/review/${lease.dataset.item}/renew`, { method: "POST", body, headers: token })
      .then(async (answer) => {
        const told = await answer.json();
        if ($("#lease") !== lease) return;
        if (answer.ok) leaseEnds = performance.now() + told.left * 1000; else { leaseEnds = performance.now(); tell(told.message); }
      })
      .catch(() => { renewedAt = now - RENEW_MS + 3_000; });
  }
  for (const kind of ["keydown", "pointerdown", "pointermove", "input", "wheel"]) addEventListener(kind, () => { work(); renew(); }, { passive: true });

  // The page before may say that it was left after this one was made, such as on a reload: what this one shows is not so then.
  setTimeout(renew, ARRIVED_MS, true);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(true); });

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", arrive); else arrive();
})();
