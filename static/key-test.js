// Shows what a key would do with one's own keys as they stand in the form, saved or not.
"use strict";
(() => {
  const panel = document.getElementById("key-test");
  const fixed = JSON.parse(panel.dataset.fixed);
  const [cap, control, before] = panel.querySelectorAll("kbd, b, .faint");
  panel.hidden = false;

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.matches("input, select, textarea")) return;
    if (["Tab", "Shift"].includes(event.key) || (event.key === "Enter" && event.target.closest("a, button, summary"))) return;
    const inputs = [...document.querySelectorAll("input[data-supplied]")];
    const own = (character) => {
      const mine = inputs.find((each) => each.value.trim().toLowerCase() === character);
      return mine ? mine.dataset.supplied : inputs.some((each) => each.dataset.supplied === character) ? "" : character;
    };
    const name = nameOfKey(event, own);
    const mine = inputs.find((each) => each.dataset.supplied === name);
    const key = mine ? mine.value.trim().toLowerCase() : event.key;
    cap.textContent = key;
    control.textContent = mine?.dataset.label || fixed[name] || panel.dataset.nothing;
    before.textContent = mine && key !== name ? panel.dataset.was.replace("{key}", () => name) : "";
  });
})();
