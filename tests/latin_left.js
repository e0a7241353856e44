(known) => {
  const own = "bdi, kbd, code, pre, textarea, script, style, .mono, [translate=no], [lang]:not(html), [dir]:not(html)";
  const names = ["title", "aria-label", "aria-description", "aria-valuetext", "placeholder", "alt", "data-l"];
  const latin = /[A-Za-z]{2,}/, arabic = /[\u0600-\u06ff]/;
  const found = new Set();
  const codes = /\b[A-Z]{2,4}-C?[\d.]*\d\b/g;
  const rest = text => known.reduce((left, name) => left.replaceAll(name, ""), text.replace(codes, ""));
  const miss = (where, text) => found.add(`${where}: ${text.trim().replace(/\s+/g, " ").slice(0, 120)}`);
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = rest(walk.currentNode.data), parent = walk.currentNode.parentElement;
    if (!latin.test(text) || parent.closest(own)) continue;
    if (parent.tagName === "TITLE" && arabic.test(text)) continue;
    miss(parent.tagName.toLowerCase(), text);
  }
  for (const name of names)
    for (const each of document.querySelectorAll(`[${name}]`)) {
      const text = rest(each.getAttribute(name));
      if (latin.test(text) && !arabic.test(text) && !each.closest("[translate=no], .mono")) miss(`@${name}`, text);
    }
  for (const each of document.querySelectorAll("input[type=submit], input[type=button]"))
    if (latin.test(each.value) && !arabic.test(each.value)) miss("@value", each.value);
  return [...found];
}
