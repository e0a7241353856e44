// What every page needs: names of keys, the theme switch, tabs in sight, menus that close, and a cited section that lights up with its quotation.
"use strict";

// What a key is called: by its character, else by its physical place where the layout lacks it. `own` moves characters.
function nameOfKey(event, own) {
  if (["Enter", "Escape"].includes(event.key)) return event.key;
  const character = event.key.length === 1 ? event.key.toLowerCase() : "";
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  if (digit && !event.shiftKey && !/^[a-z]$/.test(character)) return digit; // AZERTY types é and & there
  if (/^[a-z0-9?[\]]$/.test(character)) return own(character);
  if (/^[\x20-\x7e]$/.test(character)) return "";
  const place = { BracketLeft: "[", BracketRight: "]" }[event.code];
  return place || own(/^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() || "") || /^Digit([0-9])$/.exec(event.code)?.[1] || "";
}

// The theme is stored with the account; the page only shows it before the answer is there.
addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const body = new FormData(event.target);
  body.set("theme", root.dataset.theme);
  fetch(event.target.action, { method: "POST", body });
});

addEventListener("click", (event) => {
  const chip = event.target.closest(".citation[href^='#']");
  if (!chip) return;
  document.querySelectorAll(".citation[aria-current], .policyquote.lit").forEach((node) => {
    node.removeAttribute("aria-current");
    node.classList.remove("lit");
  });
  chip.setAttribute("aria-current", "true");
  document.getElementById(chip.getAttribute("href").slice(1))?.classList.add("lit");
});

// A question that a page was served with is left by Escape, as by its Cancel.
addEventListener("keydown", (event) => {
  const cancel = event.key === "Escape" && !event.isComposing && document.querySelector(".scrim > dialog[open] a[data-leaves]");
  if (cancel) location.assign(cancel.href);
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});

// A narrow strip of tabs starts where the current one is in sight.
function showTabs() {
  document.querySelectorAll(":is(.subnav, .segmented, .mainnav) [aria-current]").forEach((tab) => {
    const strip = tab.parentNode;
    strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
  });
}
showTabs();
addEventListener("htmx:afterSettle", (event) => { if (event.target.closest(".topbar")) showTabs(); });

// A menu closes once something was chosen in it or beside it; its button keeps the focus that a dialog gives back.
addEventListener("click", (event) => {
  document.querySelectorAll(":is(.morefold, .navfold)[open]").forEach((menu) => {
    const chosen = event.target.closest("a, button");
    if (menu.contains(event.target) && !menu.contains(chosen)) return;
    if (menu.contains(chosen)) menu.querySelector("summary").focus();
    menu.open = false;
  });
});
