// One key makes a case: of the open flip that holds the focus, else of the first that can be one; in the inbox, of the ticked ones.
// Another reveals the next masked word; what is revealed is forgotten with the page.
"use strict";

function reveal(mask, on) {
  for (const each of document.querySelectorAll(".mask")) {
    if (each.value !== mask.value) continue;
    each.setAttribute("aria-pressed", String(on));
    each.classList.toggle("shown", on);
    each.textContent = on ? each.dataset.word : each.dataset.mask;
  }
}

addEventListener("click", (event) => {
  const mask = event.target.closest(".mask");
  if (!mask) return;
  event.preventDefault();
  reveal(mask, mask.getAttribute("aria-pressed") !== "true");
});

addEventListener("keydown", (event) => {
  const name = event.key.toLowerCase();
  if ((name !== "m" && name !== "w") || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  if (name === "w") {
    const hidden = [...document.querySelectorAll(".mask[aria-pressed=false]")].filter((each) => each.checkVisibility());
    (event.shiftKey ? hidden : hidden.slice(0, 1)).forEach((each) => reveal(each, true));
    return;
  }
  if (event.shiftKey) return;
  const scope = document.activeElement?.closest("[data-m-scope]");
  const button = (scope ?? document).querySelector("[data-m-scope][open] [data-m], form [data-m], [data-m]");
  if (!button) return;
  event.preventDefault();
  button.click();
});
