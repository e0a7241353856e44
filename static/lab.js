// One key makes a case: of the open flip that holds the focus, else of the first that can be one; in the inbox, of the ticked ones.
"use strict";

addEventListener("keydown", (event) => {
  if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  const scope = document.activeElement?.closest("[data-m-scope]");
  const button = (scope ?? document).querySelector("[data-m-scope][open] [data-m], form [data-m], [data-m]");
  if (!button) return;
  event.preventDefault();
  button.click();
});
