"use strict";
{
  // Search in the whole page, folded parts included; a hit opens what hides it.
  const { all, one } = rbc;
  const form = one(".finder");
  const input = one(".find", form);
  const list = one(".hits", form);
  const MOST = 30;
  const BLOCKS = "h2, h3, h4, p, summary, dt, dd, li, tr, pre";
  const inner = (root) => [
    ...all(BLOCKS, root).filter((block) => !block.closest("nav, .finder, .viewer, .tools")),
    ...all("template", root).flatMap((template) => inner(template.content)),
  ];
  const said = (block) => block.textContent.replace(/\s+/g, " ").trim();
  // the folded parts around a block, which may lie in a template that is not part of the page
  const open = (block) => {
    if (!document.contains(block)) {
      const way = rbc.way((content) => (content.contains(block) ? block : null));
      for (const details of way?.chain ?? []) { rbc.fill(details); details.open = true; }
    }
    rbc.show(block);
    block.classList.add("found");
    setTimeout(() => block.classList.remove("found"), 4000);
  };
  const hit = (block, wanted) => {
    const text = said(block);
    const at = text.toLowerCase().indexOf(wanted);
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const mark = Object.assign(document.createElement("mark"), { textContent: text.slice(at, at + wanted.length) });
    button.append(text.slice(Math.max(0, at - 40), at), mark, text.slice(at + wanted.length, at + 70));
    button.addEventListener("click", () => { list.hidden = true; open(block); });
    const item = document.createElement("li");
    item.append(button);
    return item;
  };
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted.length < 2) { list.hidden = true; return; }
    const blocks = inner(one("main")).filter((block) => said(block).toLowerCase().includes(wanted));
    // of blocks in each other the innermost
    const fitting = blocks.filter((block) => !blocks.some((other) => other !== block && block.contains(other)));
    const count = Object.assign(document.createElement("li"), { className: "soft", textContent: `${Math.min(MOST, fitting.length)} of ${fitting.length} places` });
    list.replaceChildren(count, ...fitting.slice(0, MOST).map((block) => hit(block, wanted)));
    list.hidden = false;
  };
  let timer = 0;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 200); });
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") list.hidden = true;
    if (event.key === "/" && !/input|select|textarea/i.test(document.activeElement?.tagName ?? "")) { event.preventDefault(); input.focus(); }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) list.hidden = true; });
}
