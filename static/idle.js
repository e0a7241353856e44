// Signing out when nobody is there: a warning first, then the page is covered; what was typed stays in it, and what was
// being sent when the session turned out to be over is sent after signing in again.
"use strict";
(() => {
  const WARN_MS = 60_000;
  const TELL_MS = 60_000;
  const warning = document.getElementById("idle-warning");
  const lock = document.getElementById("idle-lock");
  if (!warning || !lock) return;
  const limit = Number(warning.dataset.limit) * 1000;
  let usedAt = Date.now();
  let toldAt = usedAt;
  let asking = false;
  let signedInAt = 0; // what was asked before that, and is refused, says nothing about the session of now
  let unsent = null; // a form, and the button that was pressed
  let sure = null; // the form that goes out now, asked about already

  const token = () => /(?:^|; )(?:__Host-csrf|review-csrf)=([^;]+)/.exec(document.cookie)?.[1] || "";
  // Answers with the milliseconds that the server gives, or with nothing when the session is over.
  async function ask(method, fields) {
    const headers = { "X-CSRFToken": token(), "HX-Request": "true" };
    const body = fields && new URLSearchParams(fields);
    const asked = performance.now();
    const answer = await fetch("/accounts/idle", { method, headers, body });
    if (answer.status === 401) return asked < signedInAt ? limit : null;
    return answer.status === 200 ? (await answer.json()).left * 1000 : 0;
  }

  async function look() {
    if (asking || lock.open) return;
    const left = usedAt + limit - Date.now();
    if (left > WARN_MS) return;
    if (warning.open && left > 0) {
      warning.querySelector("[data-left]").textContent = warning.dataset.seconds.replace("{n}", Math.ceil(left / 1000));
      return;
    }
    asking = true;
    try {
      const given = await ask("GET"); // another tab may be in use
      if (given === null) { cover(); return; }
      usedAt = Math.max(usedAt, Date.now() + given - limit);
      const now = usedAt + limit - Date.now();
      if (now > WARN_MS) { warning.close(); return; }
      if (now > 0) { if (!warning.open) warning.showModal(); return; }
      await ask("POST", { out: "yes" });
      cover();
    } catch { /* no connection: nothing is signed out, and the next second asks again */ } finally { asking = false; }
  }

  function cover() {
    if (lock.open) return;
    warning.close();
    document.querySelectorAll("dialog[open]").forEach((each) => { each.dataset.open = "yes"; each.close(); });
    document.body.classList.add("locked");
    lock.showModal();
    document.getElementById("lock-password").focus();
  }

  function uncover() {
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((each) => { each.value = token(); });
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token() }));
    usedAt = toldAt = Date.now();
    signedInAt = performance.now();
    document.body.classList.remove("locked");
    lock.close();
    document.querySelectorAll("dialog[data-open]").forEach((each) => { delete each.dataset.open; each.showModal(); });
    document.dispatchEvent(new Event("review:signedin"));
    const [form, button] = unsent || [];
    unsent = null;
    if (form?.isConnected) send(form, button);
  }

  // ---- a form with something typed in it goes out to a session that stands, or waits for one
  const holdsWords = (form) => Boolean(form.querySelector("textarea, select, input:not([type=hidden])"));
  function send(form, button) {
    sure = form;
    form.requestSubmit(button?.isConnected ? button : undefined);
    sure = null;
  }
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form === sure || lock.contains(form) || form.getAttribute("method") !== "post" || form.hasAttribute("hx-post") || !holdsWords(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    ask("GET").then((given) => {
      if (given !== null) { send(form, submitter); return; }
      unsent = [form, submitter];
      cover();
    }).catch(() => send(form, submitter));
  }, true);

  lock.addEventListener("close", () => { if (document.body.classList.contains("locked")) lock.showModal(); });
  lock.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = document.getElementById("lock-problem");
    const password = document.getElementById("lock-password");
    const body = new FormData(event.target);
    body.set("csrfmiddlewaretoken", token());
    problem.textContent = "";
    let words = lock.dataset.offline;
    try {
      const answer = await fetch(event.target.action, { method: "POST", body, redirect: "manual" });
      if (answer.type === "opaqueredirect") { password.value = ""; uncover(); return; }
      words = lock.dataset.refused;
    } catch { /* said below */ }
    problem.textContent = words;
    password.select();
  });

  function used(event) {
    if (lock.open) return;
    usedAt = Date.now();
    if (warning.open) {
      event.preventDefault();
      event.stopImmediatePropagation(); // the key that says “I am here” does nothing else
      warning.close();
      toldAt = 0;
    }
    if (usedAt - toldAt < TELL_MS) return;
    toldAt = usedAt;
    ask("POST").then((given) => { if (given === null) cover(); }).catch(() => { toldAt = 0; });
  }
  for (const kind of ["keydown", "pointerdown", "pointermove", "click", "wheel"]) {
    addEventListener(kind, used, { capture: true, passive: kind === "wheel" });
  }
  const sentAt = new WeakMap();
  document.addEventListener("htmx:beforeSend", (event) => { sentAt.set(event.detail.xhr, performance.now()); });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt: form, requestConfig } = event.detail;
    if (xhr.status !== 401) return;
    const words = form.matches("form") && holdsWords(form) && [form, requestConfig.triggeringEvent?.submitter];
    if (sentAt.get(xhr) < signedInAt) { if (words) send(...words); return; }
    if (words) unsent = words;
    cover();
  });
  // Cancelled where somebody has signed in since it was asked: then the same is sent again.
  document.addEventListener("review:signedout", (event) => {
    if (event.detail.asked < signedInAt) event.preventDefault(); else cover();
  });
  if (limit) setInterval(look, 1_000);
})();
